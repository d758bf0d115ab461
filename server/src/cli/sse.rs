//! Reading server-sent events.
//!
//! Pure. Invariant: an event is given out only when its closing empty line has come.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
}

/// Turns pieces of a stream into events.
#[derive(Debug, Default)]
pub(super) struct Parser {
    unread: Vec<u8>,
    event: Event,
}

impl Parser {
    /// The events that are whole with this piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<Event> {
        self.unread.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            self.line(line.trim_end_matches(['\r', '\n']), &mut events);
        }
        events
    }

    fn line(&mut self, line: &str, events: &mut Vec<Event>) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if !event.name.is_empty() {
                events.push(event);
            }
        } else if let Some(name) = line.strip_prefix("event:") {
            self.event.name = name.trim().to_owned();
        } else if let Some(data) = line.strip_prefix("data:") {
            self.event.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_they_are_cut() {
        let stream =
            b": keep-alive\n\nevent: run\ndata: {\"a\":1}\n\nevent: end\r\ndata: {}\r\n\r\n";
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let events: Vec<_> = stream.chunks(size).flat_map(|piece| parser.push(piece)).collect();
            let expected = [("run", "{\"a\":1}"), ("end", "{}")]
                .map(|(name, data)| Event { name: name.into(), data: data.into() });
            assert_eq!(events, expected, "pieces of {size}");
        }
    }
}
