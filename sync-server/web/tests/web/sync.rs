use axum::body::Body;
use axum::http::Request;
use fieldline_model::{DeviceId, hex};
use fieldline_sync::frame::{self, MEDIA_TYPE};
use fieldline_sync::wire::{self, Batch, SignedBatch, WIRE_VERSION, signing_input};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::house::{Answer, House};

struct Phone {
    device: DeviceId,
    token: String,
    key: Ed25519KeyPair,
}

impl Phone {
    async fn enrol(house: &House, user_name: &str) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("any 32 bytes are a seed");
        let public_key = hex::encode(key.public_key().as_ref());
        let body = json!({ "name": "phone", "public_key": public_key });
        let enrolled = house.ask("POST", "/api/v1/devices", &house.sign_in(user_name).await, body).await.json();
        let text = |name: &str| enrolled[name].as_str().expect("text").to_owned();
        let device = text("device").parse().expect("an id");
        Self { device, token: format!("Bearer {}", text("token")), key }
    }

    fn request(&self) -> wire::Request {
        wire::Request {
            wire_version: WIRE_VERSION,
            nonce: 42,
            device: self.device,
            epoch: 1,
            budget_bytes: 65_536,
            cursor: None,
            push: None,
            wants: Vec::new(),
            chunks: Vec::new(),
            chunk_wants: Vec::new(),
            number_wants: vec!["WOT".into()],
            audit: false,
            newest_counter: None,
        }
    }

    /// An empty batch, signed for this device.
    fn signed(&self) -> SignedBatch {
        let bytes = minicbor::to_vec(Batch::default()).expect("memory");
        let signature = self.key.sign(&signing_input(self.device, 1, &bytes));
        SignedBatch { bytes: bytes.into(), signature: signature.as_ref().try_into().expect("64 bytes") }
    }

    async fn send(&self, house: &House, request: &wire::Request) -> Answer {
        send(house, &self.token, MEDIA_TYPE, frame::encode_request(request, WIRE_VERSION)).await
    }
}

async fn send(house: &House, authorization: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let request = Request::post("/api/v1/sync").header("authorization", authorization);
    let request = request.header("content-type", content_type).body(Body::from(body));
    house.send(request.expect("well formed")).await
}

#[tokio::test]
async fn a_device_is_answered_in_a_frame_of_its_own_media_type() {
    let house = House::new();
    let phone = Phone::enrol(&house, "mia").await;
    let request = wire::Request { push: Some(phone.signed()), ..phone.request() };
    let answer = phone.send(&house, &request).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type"), MEDIA_TYPE);
    let response = frame::decode_response(&answer.body, WIRE_VERSION).expect("a frame");
    assert_eq!((response.nonce, response.numbers.len()), (42, 1));
    assert!(!response.entries.is_empty(), "the look-up tables come first");
}

#[tokio::test]
async fn whoever_is_not_the_device_is_refused_before_anything_is_recorded() {
    let house = House::new();
    let phone = Phone::enrol(&house, "mia").await;
    let idle = frame::encode_request(&phone.request(), WIRE_VERSION);
    send(&house, "", MEDIA_TYPE, idle.clone()).await.problem(401);
    send(&house, "Bearer invented", MEDIA_TYPE, idle.clone()).await.problem(401);
    send(&house, &house.sign_in("mia").await, MEDIA_TYPE, idle).await.problem(403);

    let foreign = wire::Request { device: DeviceId([9; 16]), ..phone.request() };
    phone.send(&house, &foreign).await.problem(403);
    let mut forged = phone.signed();
    forged.signature[0] ^= 1;
    let forged = wire::Request { push: Some(forged), ..phone.request() };
    assert!(phone.send(&house, &forged).await.problem(403).contains("signature"));

    let admin = house.sign_in("admin").await;
    house.ask("DELETE", &format!("/api/v1/devices/{}", phone.device), &admin, Value::Null).await;
    phone.send(&house, &phone.request()).await.problem(401);
}

#[tokio::test]
async fn what_is_not_a_frame_of_a_known_version_is_refused_with_what_would_be() {
    let house = House::new();
    let phone = Phone::enrol(&house, "mia").await;
    let good = frame::encode_request(&phone.request(), WIRE_VERSION);
    assert!(send(&house, &phone.token, "application/json", good.clone()).await.problem(415).contains(MEDIA_TYPE));
    send(&house, &phone.token, MEDIA_TYPE, b"<html>sign in to the network</html>".to_vec()).await.problem(400);
    send(&house, &phone.token, MEDIA_TYPE, good[..good.len() - 1].to_vec()).await.problem(400);
    send(&house, &phone.token, MEDIA_TYPE, vec![0; (1 << 20) + 1]).await.problem(413);

    let body = good.len() - 8;
    let mut newer = good;
    newer[3] = 9;
    let digest = ring::digest::digest(&ring::digest::SHA256, &newer[..body]);
    newer[body..].copy_from_slice(&digest.as_ref()[..8]);
    let refused = send(&house, &phone.token, MEDIA_TYPE, newer).await;
    assert!(refused.problem(426).contains("version 9"));
    assert_eq!((refused.header("upgrade"), &refused.json()["newest"]), ("fieldline-sync/4", &json!(WIRE_VERSION)));
}
