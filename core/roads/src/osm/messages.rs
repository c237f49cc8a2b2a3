//! The messages of an OpenStreetMap PBF file, as far as roads need them (`fileformat.proto` and `osmformat.proto` 1.6).

use prost::Message;

/// What comes before each blob.
#[derive(Clone, PartialEq, Message)]
pub struct BlobHeader {
    #[prost(string, required, tag = "1")]
    pub kind: String,
    #[prost(int32, required, tag = "3")]
    pub blob_bytes: i32,
}

/// A block, compressed in one of some ways.
#[derive(Clone, PartialEq, Message)]
pub struct Blob {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub raw: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub zlib: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "7")]
    pub zstd: Option<Vec<u8>>,
}

/// The first block of a file.
#[derive(Clone, PartialEq, Message)]
pub struct HeaderBlock {
    #[prost(string, repeated, tag = "4")]
    pub required_features: Vec<String>,
}

/// Some thousand nodes, ways or relations.
#[derive(Clone, PartialEq, Message)]
pub struct PrimitiveBlock {
    #[prost(message, required, tag = "1")]
    pub strings: StringTable,
    #[prost(message, repeated, tag = "2")]
    pub groups: Vec<PrimitiveGroup>,
    /// Billionths of a degree that coordinates count.
    #[prost(int32, optional, tag = "17", default = "100")]
    pub granularity: Option<i32>,
    #[prost(int64, optional, tag = "19")]
    pub latitude_offset: Option<i64>,
    #[prost(int64, optional, tag = "20")]
    pub longitude_offset: Option<i64>,
}

/// The words of a block.
#[derive(Clone, PartialEq, Message)]
pub struct StringTable {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub words: Vec<Vec<u8>>,
}

/// Nodes, ways or relations.
#[derive(Clone, PartialEq, Message)]
pub struct PrimitiveGroup {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    #[prost(message, optional, tag = "2")]
    pub dense: Option<DenseNodes>,
    #[prost(message, repeated, tag = "3")]
    pub ways: Vec<Way>,
}

/// A node by itself.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    #[prost(sint64, required, tag = "1")]
    pub id: i64,
    #[prost(sint64, required, tag = "8")]
    pub latitude: i64,
    #[prost(sint64, required, tag = "9")]
    pub longitude: i64,
}

/// Nodes column by column, each value as a step from the one before.
#[derive(Clone, PartialEq, Message)]
pub struct DenseNodes {
    #[prost(sint64, repeated, tag = "1")]
    pub ids: Vec<i64>,
    #[prost(sint64, repeated, tag = "8")]
    pub latitudes: Vec<i64>,
    #[prost(sint64, repeated, tag = "9")]
    pub longitudes: Vec<i64>,
}

/// A way; its nodes as steps.
#[derive(Clone, PartialEq, Message)]
pub struct Way {
    #[prost(uint32, repeated, tag = "2")]
    pub keys: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    pub values: Vec<u32>,
    #[prost(sint64, repeated, tag = "8")]
    pub nodes: Vec<i64>,
}
