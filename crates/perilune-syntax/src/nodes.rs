//! The parts of a tree, in a few long lists: a node names its parts by their places, so that neither making
//! nor dropping a tree takes an allocation per node, and the youngest part of it can be forgotten at once.

use std::marker::PhantomData;

use crate::ast::{Arm, Constant, Expr, ExprId, Name, Stmt, TableItem};

/// Consecutive entries of one of the lists of [`Nodes`].
pub struct List<T> {
    start: u32,
    len: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// How many entries it has.
    pub fn len(self) -> usize {
        self.len as usize
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The places of its entries.
    fn places(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> Default for List<T> {
    fn default() -> Self {
        List {
            start: 0,
            len: 0,
            of: PhantomData,
        }
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.places())
    }
}

/// The entries of all lists of one kind.
#[derive(Debug)]
pub struct Pool<T> {
    entries: Vec<T>,
    /// The entries so far of lists that are not complete, the innermost list last.
    open: Vec<T>,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool {
            entries: Vec::new(),
            open: Vec::new(),
        }
    }
}

/// What stands in lists.
pub trait Listed: Sized {
    /// Its lists.
    fn pool(nodes: &Nodes) -> &Pool<Self>;
    /// Its lists, to be added to.
    fn pool_mut(nodes: &mut Nodes) -> &mut Pool<Self>;
}

macro_rules! pools {
    ($($name:ident: $type:ty,)*) => {
        /// The expressions and lists of a chunk; while it is being parsed, those that are still needed.
        #[derive(Debug, Default)]
        pub struct Nodes {
            /// All expressions, operands before operators.
            pub exprs: Vec<Expr>,
            /// For each expression the value it is known to have, by the rules of compile-time constants.
            pub constants: Vec<Option<Constant>>,
            $($name: Pool<$type>,)*
        }

        /// How much of a tree there was at some time.
        pub(crate) struct Mark {
            exprs: usize,
            $($name: usize,)*
        }

        impl Nodes {
            /// How much of the tree there is.
            pub(crate) fn mark(&self) -> Mark {
                Mark {
                    exprs: self.exprs.len(),
                    $($name: self.$name.entries.len(),)*
                }
            }

            /// Forgets what has been added since.
            pub(crate) fn forget(&mut self, mark: &Mark) {
                self.exprs.truncate(mark.exprs);
                self.constants.truncate(mark.exprs);
                $(self.$name.entries.truncate(mark.$name);)*
            }
        }

        $(impl Listed for $type {
            fn pool(nodes: &Nodes) -> &Pool<Self> {
                &nodes.$name
            }
            fn pool_mut(nodes: &mut Nodes) -> &mut Pool<Self> {
                &mut nodes.$name
            }
        })*
    };
}

pools! {
    ids: ExprId,
    items: TableItem,
    stmts: Stmt,
    arms: Arm,
    names: Name,
}

impl Nodes {
    /// The expression behind an id.
    #[inline]
    pub fn expr(&self, e: ExprId) -> &Expr {
        &self.exprs[e.index()]
    }

    /// The value of an expression, if the rules of compile-time constants know it.
    #[inline]
    pub fn constant(&self, e: ExprId) -> Option<Constant> {
        self.constants[e.index()]
    }

    /// The entries of a list.
    #[inline]
    pub fn list<T: Listed>(&self, list: List<T>) -> &[T] {
        &T::pool(self).entries[list.places()]
    }

    /// As [`Self::list`], to be changed.
    pub(crate) fn list_mut<T: Listed>(&mut self, list: List<T>) -> &mut [T] {
        &mut T::pool_mut(self).entries[list.places()]
    }

    /// Begins a list; lists of the same kind that begin later end first. What this answers,
    /// [`Self::end_list`] wants.
    pub(crate) fn begin_list<T: Listed>(&mut self) -> usize {
        T::pool_mut(self).open.len()
    }

    /// Adds an entry to the list that began last.
    #[inline(always)]
    pub(crate) fn append<T: Listed>(&mut self, entry: T) {
        T::pool_mut(self).open.push(entry);
    }

    /// Ends a list.
    pub(crate) fn end_list<T: Listed>(&mut self, began: usize) -> List<T> {
        let pool = T::pool_mut(self);
        let start = pool.entries.len() as u32;
        pool.entries.extend(pool.open.drain(began..));
        List {
            start,
            len: pool.entries.len() as u32 - start,
            of: PhantomData,
        }
    }

    /// A list of one entry.
    pub(crate) fn list_of<T: Listed>(&mut self, entry: T) -> List<T> {
        let pool = T::pool_mut(self);
        pool.entries.push(entry);
        List {
            start: pool.entries.len() as u32 - 1,
            len: 1,
            of: PhantomData,
        }
    }
}
