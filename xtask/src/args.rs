//! Command line words -> options, taken one by one; what is left must be plain words.

/// The arguments that no one has taken yet.
pub struct Args {
    words: Vec<String>,
}

impl Args {
    /// Starts from the words after the task's name.
    pub fn new(words: Vec<String>) -> Args {
        Args { words }
    }

    /// Takes `--name VALUE` or `--name=VALUE`; the last one given wins.
    pub fn option(&mut self, name: &str) -> Result<Option<String>, String> {
        let mut found = None;
        let prefix = format!("{name}=");
        while let Some(at) = self
            .words
            .iter()
            .position(|w| w == name || w.starts_with(&prefix))
        {
            let word = self.words.remove(at);
            found = Some(match word.strip_prefix(&prefix) {
                Some(value) => value.to_string(),
                None if at < self.words.len() => self.words.remove(at),
                None => return Err(format!("{name} needs a value")),
            });
        }
        Ok(found)
    }

    /// Takes `--name VALUE` as a number.
    pub fn number(&mut self, name: &str, default: u64) -> Result<u64, String> {
        match self.option(name)? {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| format!("{name}: '{text}' is not a number")),
        }
    }

    /// Takes the flag `--name`.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|w| w != name);
        before != self.words.len()
    }

    /// Takes the first word that is left.
    pub fn word(&mut self) -> Option<String> {
        (!self.words.is_empty()).then(|| self.words.remove(0))
    }

    /// Takes all that is left, whatever it looks like.
    pub fn rest(self) -> Vec<String> {
        self.words
    }

    /// Takes all that is left; an unknown option is an error.
    pub fn plain(self) -> Result<Vec<String>, String> {
        match self.words.iter().find(|w| w.starts_with("--")) {
            Some(option) => Err(format!("unknown option {option}")),
            None => Ok(self.words),
        }
    }
}
