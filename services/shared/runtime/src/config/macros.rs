//! `settings!`, `sections!` and `setting_enum!`.

/// Declares one section of the configuration.
///
/// ```
/// im_runtime::settings! {
///     /// Sending and keeping messages.
///     pub struct MessagingSettings("messaging") {
///         /// Longest body of a message, in bytes.
///         body_bytes_max: u32 = 65_536 => 1..=1_048_576,
///         /// Where files lie.
///         files_dir: std::path::PathBuf = "data/files".into(),
///         /// Key of the file links.
///         link_key: Option<im_types::Secret<String>> = None,
///     }
///     check(|settings: &MessagingSettings, faults: &mut im_runtime::config::Faults| {
///         if settings.files_dir.as_os_str().is_empty() {
///             faults.add("files_dir", "", "a directory");
///         }
///     })
/// }
/// assert_eq!(MessagingSettings::default().body_bytes_max, 65_536);
/// ```
///
/// Makes the struct with public fields, its `Default` and its [`Section`](crate::config::Section).
/// Field types implement [`SettingValue`](crate::config::SettingValue); `=> a..=b` is the allowed
/// range; `check` sees the whole section when each value by itself was right.
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $section_doc:literal])*
        $vis:vis struct $name:ident($section:literal) {
            $(
                $(#[doc = $doc:literal])*
                $key:ident : $type:ty = $default:expr $(=> $range:expr)?
            ),* $(,)?
        }
        $(check($check:expr))?
    ) => {
        $(#[doc = $section_doc])*
        #[derive(Debug, Clone)]
        $vis struct $name {
            $(
                $(#[doc = $doc])*
                pub $key: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $crate::config::Section for $name {
            fn spec() -> $crate::config::SectionSpec {
                let default = Self::default();
                $crate::config::SectionSpec {
                    name: $section,
                    doc: &[$($section_doc),*],
                    settings: vec![$({
                        #[allow(unused_mut, unused_assignments, clippy::allow_attributes,
                            reason = "a setting without a range leaves it untouched")]
                        let mut range: Option<String> = None;
                        $(
                            let allowed: ::std::ops::RangeInclusive<$type> = $range;
                            range = Some(format!("{:?}", allowed));
                        )?
                        $crate::config::SettingSpec {
                            key: stringify!($key),
                            type_name: <$type as $crate::config::SettingValue>::TYPE_NAME,
                            default: $crate::config::SettingValue::show(&default.$key),
                            range,
                            doc: &[$($doc),*],
                            is_secret: <$type as $crate::config::SettingValue>::IS_SECRET,
                        }
                    }),*],
                }
            }

            fn read(reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                let default = Self::default();
                $(
                    let $key: Option<$type> = reader.setting($section, stringify!($key), default.$key);
                    $(
                        let allowed: ::std::ops::RangeInclusive<$type> = $range;
                        let $key = reader.within($section, stringify!($key), $key, &allowed);
                    )?
                )*
                let read = Self { $($key: $key?,)* };
                $( reader.check($section, |faults| ($check)(&read, faults))?; )?
                Some(read)
            }
        }
    };
}

/// Declares which sections a program reads: a struct with one public field per section.
///
/// ```
/// # im_runtime::settings! { /// S.
/// #   pub struct ShopSettings("gateway") { /// N.
/// #     count: u32 = 1 } }
/// im_runtime::sections! {
///     /// What the shop reads.
///     pub struct ShopConfig { gateway: ShopSettings }
/// }
/// ```
#[macro_export]
macro_rules! sections {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident { $($field:ident : $section:ty),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Default)]
        $vis struct $name {
            $(
                /// The section of this name.
                pub $field: $section,
            )*
        }

        impl $crate::config::Sections for $name {
            fn specs() -> Vec<$crate::config::SectionSpec> {
                vec![$(<$section as $crate::config::Section>::spec()),*]
            }

            fn read(reader: &mut $crate::config::Reader<'_>) -> Option<Self> {
                $( let $field = <$section as $crate::config::Section>::read(reader); )*
                Some(Self { $($field: $field?,)* })
            }
        }
    };
}

/// Declares a setting with a closed list of values.
///
/// ```
/// im_runtime::setting_enum! {
///     /// How lines are written.
///     pub enum Style {
///         /// For people.
///         Text = "text",
///         /// For machines.
///         Json = "json",
///     }
/// }
/// ```
#[macro_export]
macro_rules! setting_enum {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $name:ident { $( $(#[doc = $variant_doc:literal])* $variant:ident = $text:literal ),* $(,)? }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $vis enum $name { $( $(#[doc = $variant_doc])* $variant, )* }

        impl $crate::config::SettingValue for $name {
            const TYPE_NAME: &'static str = concat!("one of" $(, " ", $text)*);

            fn from_text(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(Self::TYPE_NAME.to_owned()),
                }
            }

            fn show(&self) -> Option<String> {
                Some(match self { $(Self::$variant => format!("{:?}", $text),)* })
            }
        }
    };
}
