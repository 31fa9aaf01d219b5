//! What the service itself writes into a chunk: its tags in both spellings, and its exceptions.

use crate::number::FragmentNumber;
use crate::time::Timestamp;

/// The prefix of all tag names that are the service's own or that it acts on.
const PREFIX: &str = "AWS_KINESISVIDEO_";

/// Which names the writer gives the service's tags. The reader takes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TagNames {
    /// As in GetMedia: `SERVER_TIMESTAMP`, `PRODUCER_TIMESTAMP`, `ERROR_CODE` (a text) and `ERROR_ID` (a number).
    #[default]
    GetMedia,
    /// As documented for GetMediaForFragmentList: `SERVER_SIDE_TIMESTAMP`, `PRODUCER_SIDE_TIMESTAMP`,
    /// `EXCEPTION_MESSAGE` (a text) and `EXCEPTION_ERROR_CODE` (a number).
    FragmentList,
}

/// The service's tags, by what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceTag {
    /// The fragment number.
    FragmentNumber,
    /// When the service received the fragment.
    ServerTimestamp,
    /// When the producer made it.
    ProducerTimestamp,
    /// Where to go on reading; after the Cluster.
    ContinuationToken,
    /// How far behind the newest media this chunk is; after the Cluster.
    MillisBehindNow,
    /// An exception in words.
    ExceptionMessage,
    /// An exception by number.
    ExceptionCode,
}

impl ServiceTag {
    #[cfg(test)]
    const ALL: [ServiceTag; 7] = [
        ServiceTag::FragmentNumber,
        ServiceTag::ServerTimestamp,
        ServiceTag::ProducerTimestamp,
        ServiceTag::ContinuationToken,
        ServiceTag::MillisBehindNow,
        ServiceTag::ExceptionMessage,
        ServiceTag::ExceptionCode,
    ];

    /// The tag's name.
    #[must_use]
    pub fn name(self, names: TagNames) -> &'static str {
        use TagNames::{FragmentList, GetMedia};
        match (self, names) {
            (ServiceTag::FragmentNumber, _) => "AWS_KINESISVIDEO_FRAGMENT_NUMBER",
            (ServiceTag::ServerTimestamp, GetMedia) => "AWS_KINESISVIDEO_SERVER_TIMESTAMP",
            (ServiceTag::ServerTimestamp, FragmentList) => "AWS_KINESISVIDEO_SERVER_SIDE_TIMESTAMP",
            (ServiceTag::ProducerTimestamp, GetMedia) => "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP",
            (ServiceTag::ProducerTimestamp, FragmentList) => "AWS_KINESISVIDEO_PRODUCER_SIDE_TIMESTAMP",
            (ServiceTag::ContinuationToken, _) => "AWS_KINESISVIDEO_CONTINUATION_TOKEN",
            (ServiceTag::MillisBehindNow, _) => "AWS_KINESISVIDEO_MILLIS_BEHIND_NOW",
            (ServiceTag::ExceptionMessage, GetMedia) => "AWS_KINESISVIDEO_ERROR_CODE",
            (ServiceTag::ExceptionMessage, FragmentList) => "AWS_KINESISVIDEO_EXCEPTION_MESSAGE",
            (ServiceTag::ExceptionCode, GetMedia) => "AWS_KINESISVIDEO_ERROR_ID",
            (ServiceTag::ExceptionCode, FragmentList) => "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE",
        }
    }

    /// The tag with this name, in either spelling.
    #[must_use]
    pub fn from_name(name: &str) -> Option<ServiceTag> {
        // Asked for every tag of every fragment: one comparison finds the name.
        Some(match name.strip_prefix(PREFIX)? {
            "FRAGMENT_NUMBER" => ServiceTag::FragmentNumber,
            "SERVER_TIMESTAMP" | "SERVER_SIDE_TIMESTAMP" => ServiceTag::ServerTimestamp,
            "PRODUCER_TIMESTAMP" | "PRODUCER_SIDE_TIMESTAMP" => ServiceTag::ProducerTimestamp,
            "CONTINUATION_TOKEN" => ServiceTag::ContinuationToken,
            "MILLIS_BEHIND_NOW" => ServiceTag::MillisBehindNow,
            "ERROR_CODE" | "EXCEPTION_MESSAGE" => ServiceTag::ExceptionMessage,
            "ERROR_ID" | "EXCEPTION_ERROR_CODE" => ServiceTag::ExceptionCode,
            _ => return None,
        })
    }
}

/// An exception that the service put into a chunk instead of, or behind, its media.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceException {
    /// The number, such as 4000.
    pub code: Option<u32>,
    /// What the service says.
    pub message: String,
}

impl ServiceException {
    /// What the number means, as the GetMedia documentation has it.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static str> {
        Some(match self.code? {
            3002 => "error writing to the stream",
            4000 => "the requested fragment is not found",
            4500 => "access to the stream's KMS key is denied",
            4501 => "the stream's KMS key is disabled",
            4502 => "the stream's KMS key fails validation",
            4503 => "the stream's KMS key is unavailable",
            4504 => "the stream's KMS key is used in an invalid way",
            4505 => "the stream's KMS key is in an invalid state",
            4506 => "the stream's KMS key is not found",
            5000 => "internal error of the service",
            _ => return None,
        })
    }
}

/// What the service's tags of one chunk say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ServiceTags {
    pub(crate) number: Option<FragmentNumber>,
    pub(crate) server_timestamp: Option<Timestamp>,
    pub(crate) producer_timestamp: Option<Timestamp>,
    pub(crate) continuation_token: Option<String>,
    pub(crate) millis_behind_now: Option<u64>,
    pub(crate) exception: Option<ServiceException>,
}

impl ServiceTags {
    /// Takes in one tag. An error says why its value cannot be used.
    pub(crate) fn take(&mut self, tag: ServiceTag, value: &str) -> Result<(), String> {
        let unusable = |what: &dyn std::fmt::Display| format!("{} is {value:?}: {what}", tag.name(TagNames::GetMedia));
        match tag {
            ServiceTag::FragmentNumber => self.number = Some(value.parse().map_err(|error| unusable(&error))?),
            ServiceTag::ServerTimestamp => {
                self.server_timestamp = Some(value.parse().map_err(|error| unusable(&error))?)
            }
            ServiceTag::ProducerTimestamp => {
                self.producer_timestamp = Some(value.parse().map_err(|error| unusable(&error))?);
            }
            ServiceTag::ContinuationToken => self.continuation_token = Some(value.into()),
            ServiceTag::MillisBehindNow => {
                self.millis_behind_now = Some(value.parse().map_err(|error| unusable(&error))?)
            }
            ServiceTag::ExceptionCode | ServiceTag::ExceptionMessage => {
                let exception = self.exception.get_or_insert_default();
                // The two spellings use the word "code" for opposite things, and so do those who imitate them.
                match value.trim().parse() {
                    Ok(code) if exception.code.is_none() => exception.code = Some(code),
                    _ => exception.message = value.into(),
                }
            }
        }
        Ok(())
    }

    /// Whether the tags that GetMedia writes behind the Cluster are there: then the chunk is whole.
    pub(crate) fn is_trailed(&self) -> bool {
        self.millis_behind_now.is_some() && self.continuation_token.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_both_spellings_is_known() {
        for tag in ServiceTag::ALL {
            for names in [TagNames::GetMedia, TagNames::FragmentList] {
                assert_eq!(ServiceTag::from_name(tag.name(names)), Some(tag));
            }
        }
        assert_eq!(ServiceTag::from_name("AWS_KINESISVIDEO_END_OF_FRAGMENT"), None);
    }

    #[test]
    fn an_exception_reads_the_same_in_both_spellings() {
        for names in [TagNames::GetMedia, TagNames::FragmentList] {
            let mut tags = ServiceTags::default();
            for (tag, value) in [(ServiceTag::ExceptionMessage, "gone"), (ServiceTag::ExceptionCode, "4000")] {
                let tag = ServiceTag::from_name(tag.name(names)).unwrap();
                tags.take(tag, value).unwrap();
            }
            let exception = tags.exception.unwrap();
            assert_eq!((exception.code, exception.message.as_str()), (Some(4000), "gone"));
            assert_eq!(exception.meaning(), Some("the requested fragment is not found"));
        }
    }
}
