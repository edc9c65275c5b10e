//! Policies as text.

use crate::oracle::policy::Files;
use crate::span::FileId;
use crate::syntax::{SyntaxLimits, format, parse, print};

/// What is printed reads as what it was; formatting twice changes nothing, and formatting keeps the meaning.
///
/// # Errors
///
/// The text that is read or formatted otherwise.
pub fn printing_is_faithful(files: &Files) -> Result<(), String> {
    for (_, text) in &files.0 {
        let (tree, _) = parse(FileId::default(), text, &SyntaxLimits::default());
        let printed = print(&tree);
        let (again, diagnostics) = parse(FileId::default(), &printed, &SyntaxLimits::default());
        if let Some(diagnostic) = diagnostics.first() {
            return Err(format!(
                "what was printed does not parse: {}\n{printed}\n// ---- from\n{text}",
                diagnostic.message
            ));
        }
        if print(&again) != printed {
            return Err(format!("what was printed reads otherwise:\n{printed}\n// ---- again\n{}", print(&again)));
        }
        let formatted = format(text).map_err(|_| format!("a policy cannot be formatted:\n{text}"))?;
        let twice = format(&formatted).map_err(|_| format!("a formatted policy does not parse:\n{formatted}"))?;
        if formatted != twice {
            return Err(format!("formatting twice changes a policy:\n{formatted}\n// ---- twice\n{twice}"));
        }
        let (tree, _) = parse(FileId::default(), &formatted, &SyntaxLimits::default());
        if print(&tree) != printed {
            return Err(format!("formatting changes what a policy says:\n{formatted}\n// ---- from\n{text}"));
        }
    }
    Ok(())
}
