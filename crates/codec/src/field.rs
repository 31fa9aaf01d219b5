//! Private data field by field, in words: what `fragkit inspect --fields` prints.

/// One field of a structure, as its standard names it, with its value in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// How deep it is nested: 0 for the fields of the record, 1 for those of a parameter set in it, and so on.
    pub depth: usize,
    /// The field's name as its standard spells it; for a structure, its name.
    pub name: &'static str,
    /// The value, with its meaning where the number alone says little: `100 (High)`. Empty for a structure.
    pub value: String,
}

/// Collects fields.
#[derive(Debug, Default)]
pub(crate) struct FieldList {
    fields: Vec<Field>,
    depth: usize,
}

impl FieldList {
    /// Adds a field with its value.
    pub(crate) fn add(&mut self, name: &'static str, value: impl std::fmt::Display) {
        self.fields.push(Field { depth: self.depth, name, value: value.to_string() });
    }

    /// Adds a number with what it means.
    pub(crate) fn add_named(&mut self, name: &'static str, value: impl std::fmt::Display, meaning: &str) {
        self.add(name, format_args!("{value} ({meaning})"));
    }

    /// Adds a structure whose fields `inside` adds.
    pub(crate) fn nest(&mut self, name: &'static str, value: impl std::fmt::Display, inside: impl FnOnce(&mut Self)) {
        self.add(name, value);
        self.depth += 1;
        inside(self);
        self.depth -= 1;
    }

    pub(crate) fn into_fields(self) -> Vec<Field> {
        self.fields
    }
}
