//! What a dispatcher's software does: sign in, create, read and change records through the record API over HTTP.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::failed::DemoFailed;

/// Somebody signed in at a desk.
pub struct Office {
    http: Client,
    server: String,
    token: String,
}

/// What the record API said to a change.
pub enum Answer {
    /// Done; the record as it is now.
    Done(Value),
    /// Refused, in the server's words.
    Refused(String),
}

impl Office {
    /// Signs in.
    pub async fn sign_in(server: &str, user_name: &str, password: &str) -> Result<Self, DemoFailed> {
        let http = Client::new();
        let credentials = json!({ "user_name": user_name, "password": password });
        let request = http.post(format!("{server}/api/v1/session")).json(&credentials);
        let session: Value = request.send().await?.error_for_status()?.json().await?;
        let token = session["token"].as_str().ok_or_else(|| DemoFailed::answer("POST /api/v1/session", &session))?;
        Ok(Self { http, server: server.to_owned(), token: token.to_owned() })
    }

    /// Creates a record and returns its `sys_id`.
    pub async fn create(&self, table: &str, fields: Value) -> Result<String, DemoFailed> {
        let path = format!("/api/now/table/{table}");
        match self.ask(Method::POST, &path, &fields).await? {
            Answer::Done(record) => {
                let sys_id = record["sys_id"].as_str().map(str::to_owned);
                sys_id.ok_or_else(|| DemoFailed::answer(&path, &record))
            }
            Answer::Refused(why) => Err(DemoFailed::Answer { asked: format!("POST {path} {fields}"), answer: why }),
        }
    }

    /// Changes a record.
    pub async fn change(&self, table: &str, sys_id: &str, fields: Value) -> Result<Answer, DemoFailed> {
        self.ask(Method::PATCH, &format!("/api/now/table/{table}/{sys_id}"), &fields).await
    }

    /// Changes a record; a refusal is a failure.
    pub async fn must_change(&self, table: &str, sys_id: &str, fields: Value) -> Result<(), DemoFailed> {
        match self.change(table, sys_id, fields.clone()).await? {
            Answer::Done(_) => Ok(()),
            Answer::Refused(why) => {
                Err(DemoFailed::Answer { asked: format!("PATCH {table}/{sys_id} {fields}"), answer: why })
            }
        }
    }

    /// Records that match an encoded query, with these fields.
    pub async fn list(&self, table: &str, query: &str, fields: &str) -> Result<Vec<Value>, DemoFailed> {
        let path = format!("/api/now/table/{table}");
        let parameters = [
            ("sysparm_query", query),
            ("sysparm_fields", fields),
            ("sysparm_exclude_reference_link", "true"),
            ("sysparm_limit", "10000"),
        ];
        let request = self.http.get(format!("{}{path}", self.server)).query(&parameters).bearer_auth(&self.token);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        answer["result"].as_array().cloned().ok_or_else(|| DemoFailed::answer(&path, &answer))
    }

    /// Asks one of the server's own paths; a refusal is a failure.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, DemoFailed> {
        let (status, answer) = self.answer(method, path, body).await?;
        match status.is_success() {
            true => Ok(answer),
            false => Err(DemoFailed::Answer { asked: path.to_owned(), answer: format!("{status}: {answer}") }),
        }
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), DemoFailed> {
        let mut request = self.http.request(method, format!("{}{path}", self.server)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }

    async fn ask(&self, method: Method, path: &str, fields: &Value) -> Result<Answer, DemoFailed> {
        let (status, answer) = self.answer(method, path, Some(fields)).await?;
        match status {
            _ if status.is_success() => Ok(Answer::Done(answer["result"].clone())),
            StatusCode::BAD_REQUEST
            | StatusCode::FORBIDDEN
            | StatusCode::CONFLICT
            | StatusCode::UNPROCESSABLE_ENTITY => {
                let said = answer["error"]["detail"].as_str().or(answer["error"]["message"].as_str());
                Ok(Answer::Refused(said.map_or_else(|| answer.to_string(), str::to_owned)))
            }
            _ => Err(DemoFailed::Answer { asked: path.to_owned(), answer: format!("{status}: {answer}") }),
        }
    }
}
