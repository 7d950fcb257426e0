//! Stub until adapters land.
use crate::domain::message::MessageKind;
#[derive(Debug)] pub struct Adapter;
#[derive(Debug, thiserror::Error)] #[error("x")] pub struct AdapterError;
#[derive(Debug, Clone, Default)] pub struct Secrets;
impl Secrets { pub fn new(_: std::collections::BTreeMap<String,String>) -> Self { Self } }
impl Adapter { pub fn load(_: &std::path::Path) -> Result<Self, AdapterError> { Err(AdapterError) } pub fn compiled_in(_: &str) -> Option<Result<Self, AdapterError>> { None } pub fn delivers(&self, _: MessageKind) -> bool { false } }
