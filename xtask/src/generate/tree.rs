//! The shape of a generated program: statements that the shrinker can take apart, as text inside.

/// A statement, or a compound statement with its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text of a statement; it may span lines.
    Line(String),
    /// `head body head body ... tail`, for example `if a then` .. `else` .. `end`.
    Block(Vec<(String, Vec<Node>)>, String),
}

/// A statement of one line.
pub fn line(text: impl Into<String>) -> Node {
    Node::Line(text.into())
}

/// A compound statement with one part.
pub fn block(head: impl Into<String>, body: Vec<Node>, tail: impl Into<String>) -> Node {
    Node::Block(vec![(head.into(), body)], tail.into())
}

/// The program's text.
pub fn render(nodes: &[Node]) -> String {
    let mut out = String::new();
    write(&mut out, nodes, 0);
    out
}

fn write(out: &mut String, nodes: &[Node], depth: usize) {
    for node in nodes {
        match node {
            Node::Line(text) => put(out, depth, text),
            Node::Block(parts, tail) => {
                for (head, body) in parts {
                    put(out, depth, head);
                    write(out, body, depth + 1);
                }
                put(out, depth, tail);
            }
        }
    }
}

fn put(out: &mut String, depth: usize, text: &str) {
    out.extend(std::iter::repeat_n("  ", depth));
    out.push_str(text);
    out.push('\n');
}

/// How many statements there are, nested ones included.
pub fn count(nodes: &[Node]) -> usize {
    nodes.iter().map(count_one).sum()
}

fn count_one(node: &Node) -> usize {
    match node {
        Node::Line(_) => 1,
        Node::Block(parts, _) => 1 + parts.iter().map(|(_, body)| count(body)).sum::<usize>(),
    }
}

/// What to do with a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Leave it out, and as many after it in the same list as the number says.
    Remove(usize),
    /// Put the bodies of a compound statement in its place.
    Unwrap,
    /// Leave out the last part of a compound statement that has several.
    DropPart,
}

/// The program with an edit applied to statement `at` (counted in reading order); `None` when the
/// edit does not fit there.
pub fn edit(nodes: &[Node], at: usize, what: Edit) -> Option<Vec<Node>> {
    let mut left = at;
    edit_list(nodes, &mut left, what)
}

fn edit_list(nodes: &[Node], left: &mut usize, what: Edit) -> Option<Vec<Node>> {
    for (i, node) in nodes.iter().enumerate() {
        if *left == 0 {
            return apply(nodes, i, what);
        }
        let size = count_one(node);
        if *left >= size {
            *left -= size;
            continue;
        }
        *left -= 1;
        let mut copy = nodes.to_vec();
        copy[i] = edit_inside(node, left, what)?;
        return Some(copy);
    }
    None
}

fn edit_inside(node: &Node, left: &mut usize, what: Edit) -> Option<Node> {
    let Node::Block(parts, tail) = node else {
        return None;
    };
    for (p, (_, body)) in parts.iter().enumerate() {
        let size = count(body);
        if *left >= size {
            *left -= size;
            continue;
        }
        let mut parts = parts.clone();
        parts[p].1 = edit_list(body, left, what)?;
        return Some(Node::Block(parts, tail.clone()));
    }
    None
}

fn apply(nodes: &[Node], i: usize, what: Edit) -> Option<Vec<Node>> {
    let mut copy = nodes.to_vec();
    match (what, &nodes[i]) {
        (Edit::Remove(more), _) if i + more < nodes.len() => {
            copy.drain(i..=i + more);
        }
        (Edit::Unwrap, Node::Block(parts, _)) => {
            let inner = parts.iter().flat_map(|(_, body)| body.clone());
            copy.splice(i..=i, inner);
        }
        (Edit::DropPart, Node::Block(parts, tail)) if parts.len() > 1 => {
            copy[i] = Node::Block(parts[..parts.len() - 1].to_vec(), tail.clone());
        }
        _ => return None,
    }
    Some(copy)
}
