//! The engines that can run a Lua function: the only list of them.

/// Makes [`Engine`] and what is known of each from rows of variant, name and description.
macro_rules! engines {
    ($($(#[$mark:meta])? $engine:ident $name:literal $about:literal;)*) => {
        /// A way to run Lua functions. A program does the same under each.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum Engine {
            $(#[doc = $about] $(#[$mark])? $engine,)*
        }

        impl Engine {
            /// Every engine.
            pub const ALL: &'static [Engine] = &[$(Engine::$engine),*];

            /// What users call it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Engine::$engine => $name,)*
                }
            }

            /// What it does, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(Engine::$engine => $about,)*
                }
            }
        }
    };
}

engines! {
    Vm "vm" "compiles to bytecode and interprets that";
    #[default] Jit "jit" "as vm, and compiles functions that run often to machine code";
    Tree "tree" "walks the syntax tree; binary chunks run as under vm";
}

impl Engine {
    /// The engine that users call so.
    pub fn named(name: &str) -> Option<Engine> {
        Engine::ALL.iter().copied().find(|e| e.name() == name)
    }
}
