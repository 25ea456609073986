//! What the command line asks for.

use crate::{exchange::LINKS, work::Role};

pub(crate) const USAGE: &str = "\
usage:
  messages [--processes P] [--messages N]    starts P processes (2) that pass N messages (5000000) and N answers
  messages produce NAME [--messages N]       is the producer of a region with a name like /name
  messages consume NAME                      is its consumer; either of the two may be started first";

const MESSAGES: u64 = 5_000_000;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Start that many pairs of processes.
    Run { links: usize, messages: u64 },
    /// Be one side of a region with this name.
    TakePart { name: String, role: Role },
    /// Be one of the processes that `Run` starts.
    Work { name: String, role: Role, link: usize },
    /// Say how it is done.
    Help,
}

impl Command {
    /// Reads the arguments that follow the name of the program.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut words = Vec::new();
        let (mut processes, mut messages) = (None, None);
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let option = match &*argument {
                "-h" | "--help" => return Ok(Self::Help),
                "--processes" => &mut processes,
                "--messages" => &mut messages,
                _ if argument.starts_with('-') => return Err(format!("unknown option `{argument}`")),
                _ => {
                    words.push(argument);
                    continue;
                }
            };
            let value = arguments.next().ok_or_else(|| format!("`{argument}` needs a number"))?;
            *option = Some(number(&value)?);
        }
        let words: Vec<_> = words.iter().map(|word| &**word).collect();
        let is_run = words.is_empty();
        if processes.is_some() && !is_run {
            return Err(format!("`--processes` does not go with `{}`", words[0]));
        }
        match (&words[..], messages) {
            ([], messages) => {
                let (processes, messages) = (processes.unwrap_or(2), messages.unwrap_or(MESSAGES));
                let most = 2 * LINKS as u64;
                if !processes.is_multiple_of(2) || !(2..=most).contains(&processes) {
                    return Err(format!(
                        "processes work in pairs: expected an even number up to {most}, found {processes}"
                    ));
                }
                let links = processes / 2;
                if messages < links {
                    return Err(format!("expected a message for each of {links} producers, found {messages}"));
                }
                Ok(Self::Run { links: links as usize, messages })
            }
            (["produce", _], Some(0)) => Err("expected at least one message, found 0".into()),
            (["produce", name], messages) => {
                let role = Role::Producer { requests: messages.unwrap_or(MESSAGES) };
                Ok(Self::TakePart { name: (*name).into(), role })
            }
            (["consume", name], None) => Ok(Self::TakePart { name: (*name).into(), role: Role::Consumer }),
            (["consume", _], Some(_)) => Err("the producer decides how many messages there are".into()),
            (["work", name, link], requests) => {
                let role = requests.map_or(Role::Consumer, |requests| Role::Producer { requests });
                let link = number(link)?.min(LINKS as u64 - 1) as usize;
                Ok(Self::Work { name: (*name).into(), role, link })
            }
            (words, _) => Err(format!("nothing is called `{}`", words.join(" "))),
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("expected a number, found `{text}`"))
}
