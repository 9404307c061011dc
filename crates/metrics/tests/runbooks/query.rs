//! Queries for CloudWatch Logs Insights in documents: blocks of code that are marked `logs`.

/// Commands, functions and words of the language
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html>) that the documents use.
const WORDS: [&str; 21] = [
    "fields",
    "filter",
    "stats",
    "sort",
    "limit",
    "by",
    "as",
    "in",
    "like",
    "and",
    "or",
    "asc",
    "desc",
    "count",
    "min",
    "max",
    "latest",
    "sortsLast",
    "bin",
    "m",
    "h",
];

/// Meaning of a quoted word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The message of a line.
    Message,
    /// A part of the message of a line.
    PartOfMessage,
    /// The field `alarm` of a line.
    Alarm,
}

/// One part of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A command, function, field or alias.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// Anything else, such as `=` or `[`.
    Sign(char),
}

/// One query.
#[derive(Debug)]
pub(crate) struct Query {
    text: String,
    tokens: Vec<Token>,
}

/// The queries of a document.
pub(crate) fn queries(document: &str) -> impl Iterator<Item = Query> {
    let blocks = document.split("\n```logs\n").skip(1);
    blocks.map(|block| Query::new(block.split_once("```").unwrap().0))
}

impl Query {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), tokens: tokens(text) }
    }

    /// Returns the query as it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Texts to which the query compares the messages and alarms of lines.
    pub(crate) fn messages(&self) -> Vec<(String, Kind)> {
        let (mut messages, mut field, mut like) = (Vec::new(), "", false);
        for token in &self.tokens {
            match token {
                Token::Word(word) if word == "like" => like = true,
                Token::Word(word) if word != "in" => (field, like) = (word, false),
                Token::Text(text) => match field {
                    "fields.message" if like => messages.push((text.clone(), Kind::PartOfMessage)),
                    "fields.message" => messages.push((text.clone(), Kind::Message)),
                    "fields.alarm" => messages.push((text.clone(), Kind::Alarm)),
                    _ => {}
                },
                _ => {}
            }
        }
        messages
    }

    /// Fields of the log that the query names: without the language's words and without its own aliases.
    pub(crate) fn fields(&self) -> Vec<String> {
        let words = self.tokens.iter().filter_map(|token| match token {
            Token::Word(word) => Some(word.clone()),
            _ => None,
        });
        let words: Vec<_> = words.collect();
        let aliases: Vec<_> =
            words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1].clone()).collect();
        let is_field = |word: &String| !WORDS.contains(&word.as_str()) && !aliases.contains(word);
        words.iter().filter(|word| is_field(word)).cloned().collect()
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let (mut tokens, mut letters) = (Vec::new(), text.chars().peekable());
    while let Some(first) = letters.next() {
        match first {
            '"' => tokens.push(Token::Text(letters.by_ref().take_while(|letter| *letter != '"').collect())),
            // A regular expression.
            '/' => {
                let mut escaped = false;
                while let Some(letter) = letters.next_if(|letter| *letter != '/' || escaped) {
                    escaped = letter == '\\' && !escaped;
                }
                letters.next();
            }
            '@' | 'a'..='z' | 'A'..='Z' => {
                let mut word = String::from(first);
                while let Some(letter) =
                    letters.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
                {
                    word.push(letter);
                }
                tokens.push(Token::Word(word));
            }
            letter if letter.is_whitespace() || letter.is_ascii_digit() => {}
            sign => tokens.push(Token::Sign(sign)),
        }
    }
    tokens
}

#[test]
fn query_gives_its_messages_and_fields() {
    let query = Query::new(
        r#"filter fields.message in ["a, b", "c"] and path like /^\/x/ | stats count(*) as n by fields.link, bin(5m)
        | filter fields.message like "part" and fields.alarm = "late" and fields.link = "acme" and n > 5"#,
    );
    let expected =
        [("a, b", Kind::Message), ("c", Kind::Message), ("part", Kind::PartOfMessage), ("late", Kind::Alarm)];
    assert_eq!(query.messages(), expected.map(|(word, kind)| (word.to_owned(), kind)));
    let fields = ["fields.message", "path", "fields.link", "fields.message", "fields.alarm", "fields.link"];
    assert_eq!(query.fields(), fields);
}
