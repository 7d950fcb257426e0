//! Lists as files, and the manifests that prove what they are.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    get,
    http::header::{CONTENT_DISPOSITION, ContentEncoding, HeaderName, LINK},
    web::{self, Bytes, Query},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use futures_util::TryStreamExt;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{cases, deadlines, duplicates, indicators};
use crate::{
    api::{
        auth::{Caller, Monitor},
        params::{Common, Filtered},
        problem::{Problem, Reply},
        responses::{Listing, Reading},
    },
    app::{
        Gateway,
        code::Code,
        export::{Export, ExportOrder, Exported, Format},
        query::CaseFilter,
        view::ExportView,
    },
};

/// The digest of what is sent (RFC 9530, section 3).
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// How a list is written.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` unless said otherwise.
    format: Option<Format>,
    /// Begin CSV with a byte order mark, by which spreadsheets know UTF-8.
    bom: Option<bool>,
}

impl Common for ExportQuery {
    const NAMES: &'static [&'static str] = &["format", "bom"];
}

/// Makes the file and answers with it.
async fn answer(
    caller: &Caller<Monitor>,
    gateway: &Gateway,
    request: &HttpRequest,
    export: Export,
    form: ExportQuery,
) -> Reply<HttpResponse> {
    let query = Query::<BTreeMap<String, String>>::from_query(request.query_string()).map(Query::into_inner).unwrap_or_default();
    let order =
        ExportOrder { export, format: form.format.unwrap_or(Format::Csv), bom: form.bom.unwrap_or_default(), query, actor: caller.actor() };
    Ok(download(gateway.export(order).await?))
}

fn download(exported: Exported) -> HttpResponse {
    let manifest = &exported.manifest;
    let digest: Vec<u8> =
        (0..manifest.sha256.len() / 2).filter_map(|at| u8::from_str_radix(manifest.sha256.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    let bytes = manifest.bytes;
    let mut response = HttpResponse::Ok();
    response
        .content_type(manifest.format.media_type())
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", exported.file_name())))
        .insert_header((LINK, format!("</v1/exports/{}>; rel=\"describedby\"", manifest.id)))
        .insert_header((REPR_DIGEST, format!("sha-256=:{}:", BASE64.encode(digest))))
        // The digest is of the bytes as they are.
        .insert_header(ContentEncoding::Identity);
    response.body(SizedStream::new(bytes, Box::pin(exported.into_chunks().map_ok(Bytes::from))))
}

macro_rules! exports {
    ($($(#[$doc:meta])* $name:ident $id:literal $path:literal $tag:literal $list:ident $filter:ty, |$caller:ident, $query:ident, $gateway:ident| $read:expr;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            tag = $tag,
            operation_id = $id,
            params($filter, ExportQuery),
            responses(
                (status = 200, description = "The file. `Link` leads to its manifest, `Repr-Digest` is its SHA-256.",
                    content(
                        (String = "text/csv"),
                        (String = "application/x-ndjson"),
                        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                        (String = "application/vnd.apache.parquet"),
                    ),
                    headers(("Repr-Digest" = String, description = "RFC 9530"), ("Link" = String, description = "`rel=\"describedby\"`"))),
                Listing,
            ),
        )]
        #[get($path)]
        pub async fn $name(
            $caller: Caller<Monitor>,
            $gateway: web::Data<Gateway>,
            request: HttpRequest,
            query: Filtered<$filter, ExportQuery>,
        ) -> Reply<HttpResponse> {
            let Filtered($query, form) = query;
            let export = Export::$list($read);
            answer(&$caller, &$gateway, &request, export, form).await
        }
    )+};
}

exports! {
    /// Export the duplicate report
    ///
    /// With the filters of the list, as CSV, XLSX, NDJSON or Parquet. The file is written whole, its digest recorded in the audit log,
    /// and then sent; names and numbers are covered as on the pages.
    export_duplicates "exportDuplicates" "/v1/duplicates/export" "federation" Duplicates duplicates::DuplicateQuery, |caller, query, gateway| query.filter(&caller)?;
    /// Export cases
    ///
    /// With the filters of the list, as CSV, XLSX, NDJSON or Parquet. The file is written whole, its digest recorded in the audit log,
    /// and then sent; names and numbers are covered as on the pages.
    export_cases "exportCases" "/v1/cases/export" "cases" Cases cases::CaseQuery, |caller, query, gateway| {
            let division = caller.within(query.division.clone())?;
            CaseFilter { division, ..query.filter(None)? }
        };
    /// Export statutory clocks
    ///
    /// With the filters of the list, as CSV, XLSX, NDJSON or Parquet. The file is written whole, its digest recorded in the audit log,
    /// and then sent; names and numbers are covered as on the pages.
    export_deadlines "exportDeadlines" "/v1/deadlines/export" "cases" Deadlines deadlines::DeadlineQuery, |caller, query, gateway| query.filter(&caller)?;
    /// Export the indicators
    ///
    /// With the filters of the list, as CSV, XLSX, NDJSON or Parquet. The file is written whole, its digest recorded in the audit log,
    /// and then sent; names and numbers are covered as on the pages.
    export_indicators "exportIndicators" "/v1/indicators/export" "federation" Indicators indicators::IndicatorParams, |caller, query, gateway| query.query(&caller, &gateway)?;
}

/// Read the manifest of an export
///
/// What a file holds, who asked for it and when, and its digest; with the leaf of the audit log that records it. Who sees
/// one division reads those of one's own exports.
#[utoipa::path(
    tag = "audit",
    operation_id = "getExport",
    params(("id" = String, Path, description = "The export's id, or the SHA-256 of the file in hexadecimal")),
    responses((status = 200, description = "The manifest", body = ExportView), Reading),
)]
#[get("/v1/exports/{id}")]
pub async fn get_export(caller: Caller<Monitor>, gateway: web::Data<Gateway>, id: web::Path<String>) -> Reply<web::Json<ExportView>> {
    let (own, confined) = (caller.actor(), caller.reach()?.division.is_some());
    let found = gateway.export_manifest(&id).await?.filter(|view| !confined || view.manifest.made_by == own);
    found.map(web::Json).ok_or_else(|| Problem::of(Code::NotFound))
}
