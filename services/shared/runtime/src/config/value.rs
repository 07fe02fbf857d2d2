//! The types a setting can have.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use im_types::Secret;
use serde::{Serialize, de::DeserializeOwned};
use toml::Value;

/// A type that can stand in the configuration. Errors say what is allowed, not what was found.
pub trait SettingValue: Sized {
    /// Name of the type for people.
    const TYPE_NAME: &'static str;
    /// Whether values are never shown and may come from a file.
    const IS_SECRET: bool = false;

    /// From the environment or the command line.
    fn from_text(text: &str) -> Result<Self, String>;

    /// From the file. Text is read like the environment's; other types override this.
    fn from_toml(value: &Value) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| Self::TYPE_NAME.to_owned())?;
        Self::from_text(text)
    }

    /// As TOML; `None` if the value is absent or secret.
    fn show(&self) -> Option<String>;
}

/// Types that TOML writes as text and `FromStr` reads.
macro_rules! text_values {
    ($($type:ty = $name:literal),* $(,)?) => {$(
        impl SettingValue for $type {
            const TYPE_NAME: &'static str = $name;

            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_invalid| Self::TYPE_NAME.to_owned())
            }

            fn show(&self) -> Option<String> {
                Some(Value::String(self.to_string()).to_string())
            }
        }
    )*};
}

text_values! {
    String = "text",
    SocketAddr = "address:port",
    IpAddr = "IP address",
}

/// Integers.
macro_rules! integer_values {
    ($($type:ty),*) => {$(
        impl SettingValue for $type {
            const TYPE_NAME: &'static str = "integer";

            fn from_text(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_invalid| {
                    format!("an integer from {} to {}", <$type>::MIN, <$type>::MAX)
                })
            }

            fn from_toml(value: &Value) -> Result<Self, String> {
                value.as_integer().and_then(|number| Self::try_from(number).ok()).ok_or_else(|| {
                    format!("an integer from {} to {}", <$type>::MIN, <$type>::MAX)
                })
            }

            fn show(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

integer_values!(u8, u16, u32, u64, usize, i32, i64);

impl SettingValue for f64 {
    const TYPE_NAME: &'static str = "number";

    fn from_text(text: &str) -> Result<Self, String> {
        text.trim()
            .parse()
            .map_err(|_invalid| "a number".to_owned())
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        match value {
            Value::Float(number) => Ok(*number),
            // `1` for `1.0`; 32 bits, because larger integers are not exact as f64.
            Value::Integer(number) => i32::try_from(*number)
                .map(Self::from)
                .map_err(|_too_large| "a number".to_owned()),
            _ => Err("a number".to_owned()),
        }
    }

    fn show(&self) -> Option<String> {
        Some(Value::Float(*self).to_string())
    }
}

impl SettingValue for bool {
    const TYPE_NAME: &'static str = "true or false";

    fn from_text(text: &str) -> Result<Self, String> {
        text.trim()
            .parse()
            .map_err(|_invalid| Self::TYPE_NAME.to_owned())
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| Self::TYPE_NAME.to_owned())
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for PathBuf {
    const TYPE_NAME: &'static str = "path";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }

    fn show(&self) -> Option<String> {
        Some(Value::String(self.display().to_string()).to_string())
    }
}

impl SettingValue for Secret<String> {
    const TYPE_NAME: &'static str = "secret text";
    const IS_SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self::new(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        None
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const TYPE_NAME: &'static str = T::TYPE_NAME;
    const IS_SECRET: bool = T::IS_SECRET;

    fn from_text(text: &str) -> Result<Self, String> {
        T::from_text(text).map(Some)
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        T::from_toml(value).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }
}

/// In text form a list is separated by commas.
impl SettingValue for Vec<String> {
    const TYPE_NAME: &'static str = "list of text";

    fn from_text(text: &str) -> Result<Self, String> {
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        Ok(items.map(str::to_owned).collect())
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        let wrong = || Self::TYPE_NAME.to_owned();
        let items = value.as_array().ok_or_else(wrong)?.iter();
        items
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect()
    }

    fn show(&self) -> Option<String> {
        Some(Value::from(self.clone()).to_string())
    }
}

/// A setting of any shape that serde reads (tables, lists of tables). Give the type
/// `deny_unknown_fields`; secrets inside serialise as `***`, so [`Secret`] hides them here too.
/// In text form it is TOML.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Structured<T>(pub T);

impl<T: DeserializeOwned + Serialize> SettingValue for Structured<T> {
    const TYPE_NAME: &'static str = "table or list of tables";

    fn from_text(text: &str) -> Result<Self, String> {
        let table: toml::Table = toml::from_str(&format!("value = {text}"))
            .map_err(|error| error.message().to_owned())?;
        table
            .get("value")
            .map_or_else(|| Err(Self::TYPE_NAME.to_owned()), Self::from_toml)
    }

    fn from_toml(value: &Value) -> Result<Self, String> {
        value
            .clone()
            .try_into()
            .map(Self)
            .map_err(|error| error.message().to_owned())
    }

    fn show(&self) -> Option<String> {
        Value::try_from(&self.0).ok().map(|value| value.to_string())
    }
}
