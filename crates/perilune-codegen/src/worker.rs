//! Jobs -> machine code, in a thread of their own. The code is installed by whoever asks for it.

use crate::baseline::Artifact;
use crate::compiler::assemble;
use crate::disasm::Target;
use perilune_runtime::exec::{Job, Ready};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// A function to be compiled.
struct Request {
    ticket: u64,
    job: Arc<Job>,
    ready: Ready,
}

/// A function that has been compiled.
pub(crate) struct Response {
    /// The number that the job was given.
    pub ticket: u64,
    /// What was compiled.
    pub job: Arc<Job>,
    /// Its code, or why there is none.
    pub artifact: Result<Artifact, String>,
    /// How long that took.
    pub compiling: Duration,
}

/// A thread that compiles. It ends when this is dropped, after the job at hand.
pub(crate) struct Worker {
    requests: Sender<Request>,
    responses: Receiver<Response>,
}

impl Worker {
    /// Starts the thread; None if the system has none to give.
    pub fn start(target: Target) -> Option<Worker> {
        let (requests, todo) = channel::<Request>();
        let (done, responses) = channel();
        let work = move || {
            for Request { ticket, job, ready } in todo {
                let started = Instant::now();
                let artifact = assemble(target, &job);
                let response = Response {
                    ticket,
                    job,
                    artifact,
                    compiling: started.elapsed(),
                };
                if done.send(response).is_err() {
                    return;
                }
                ready.tell();
            }
        };
        let thread = std::thread::Builder::new().name("perilune-jit".to_owned());
        thread.spawn(work).ok()?;
        Some(Worker { requests, responses })
    }

    /// Queues a job; false if the thread has ended.
    pub fn begin(&self, ticket: u64, job: Arc<Job>, ready: Ready) -> bool {
        self.requests.send(Request { ticket, job, ready }).is_ok()
    }

    /// What has been compiled since the last call.
    pub fn finished(&self) -> impl Iterator<Item = Response> {
        self.responses.try_iter()
    }
}
