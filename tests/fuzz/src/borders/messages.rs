//! Messages in XML as integrations send them: SOAP on a table, over the server's own router.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldline_service::NewUser;
use fieldline_web::xml;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::cost::measured;
use crate::house::{House, NOW};
use crate::{Border, Guard, Taken};

/// Inputs a house takes before it is built anew.
const INPUTS_A_HOUSE: usize = 300;
const PASSWORD: &str = "sent with every message";

pub const BORDER: Border = Border {
    name: "messages",
    about: "SOAP messages of an integration that may everything, altered in any byte",
    share: 50,
    open: || Box::new(Messages::new()),
};

struct Messages {
    runtime: Runtime,
    router: Router,
    taken: usize,
}

impl Messages {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let router = runtime.block_on(async { router() });
        Self { runtime, router, taken: 0 }
    }

    /// The answer's text.
    fn answered(&self, message: &[u8]) -> String {
        let pair = BASE64_STANDARD.encode(format!("sam:{PASSWORD}"));
        let request = Request::post("/incident.do?SOAP").header(header::AUTHORIZATION, format!("Basic {pair}"));
        let request = request.body(Body::from(message.to_vec())).expect("well formed");
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a router always answers");
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
}

fn router() -> Router {
    let House { server, mut rng, .. } = House::new();
    let new = NewUser { user_name: "sam", name: "Sam", password: PASSWORD, roles: &["soap", "itil", "admin"] };
    server.create_user(&server.system(), &new, NOW, &mut rng).expect("a new name can be let in");
    fieldline_web::router(Arc::new(server), Arc::new(|| NOW))
}

impl Guard for Messages {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        let operations = [
            "<i:insert><short_description>Boiler &amp; pump</short_description><impact>1</impact></i:insert>",
            "<i:insertMultiple><record><short_description>a</short_description></record><record/></i:insertMultiple>",
            "<i:update><sys_id>00000000000000000000000000000000</sys_id><state>2</state></i:update>",
            "<i:getRecords><active>true</active><__encoded_query>priority&lt;3^ORDERBYnumber</__encoded_query>\
             <__limit>5</__limit><__exclude_columns>number</__exclude_columns></i:getRecords>",
            "<i:getKeys><__first_row>0</__first_row><__last_row>9</__last_row><__order_by>number</__order_by></i:getKeys>",
            "<i:aggregate><COUNT>sys_id</COUNT><GROUP_BY>state</GROUP_BY><HAVING>COUNT^*^&gt;^0</HAVING></i:aggregate>",
            "<i:deleteMultiple><short_description>a</short_description></i:deleteMultiple>",
            "<i:get><sys_id><![CDATA[x]]>&#49;</sys_id></i:get>",
        ];
        let enveloped = |operation: &str| {
            let namespaces =
                "xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:i=\"http://www.service-now.com/incident\"";
            format!(
                "<?xml version=\"1.0\"?><e:Envelope {namespaces}><e:Header/><e:Body>{operation}</e:Body></e:Envelope>"
            )
        };
        operations.map(|operation| enveloped(operation).into_bytes()).into()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        self.taken += 1;
        if self.taken.is_multiple_of(INPUTS_A_HOUSE) {
            self.router = self.runtime.block_on(async { router() });
        }
        let (read, cost) = measured(|| xml::read(input));
        let answer = self.answered(input);
        if answer.contains("<faultcode>soap:Server</faultcode>") {
            return Err(format!("the server failed: {answer}"));
        }
        let again =
            xml::read(answer.as_bytes()).map_err(|problem| format!("the answer is no XML: {problem}: {answer}"))?;
        let is_fault = again.child("Body").is_some_and(|body| body.child("Fault").is_some());
        if read.is_err() && !is_fault {
            return Err(format!("what is no XML was answered: {answer}"));
        }
        Ok(Taken::when(!is_fault, input.len(), cost))
    }
}
