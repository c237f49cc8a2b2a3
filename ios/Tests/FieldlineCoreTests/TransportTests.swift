// The platform's HTTP under the core: answers come whole, in pieces, and no faster than they are read.

import FieldlineCore
import FieldlineFFI
import XCTest

final class TransportTests: XCTestCase {
    private func question(_ url: String) -> HttpRequest {
        let credentials = Data("admin:\(password)".utf8).base64EncodedString()
        let headers = [HttpHeader(name: "Authorization", value: "Basic \(credentials)")]
        return HttpRequest(method: "GET", url: url, headers: headers, body: Data())
    }

    @MainActor
    private func whole(_ answer: HttpResponse, pausing: Bool) async throws -> (Data, Int) {
        var (whole, pieces) = (Data(), 0)
        while let piece = try await answer.body.next() {
            (whole, pieces) = (whole + piece, pieces + 1)
            if pausing { try await Task.sleep(nanoseconds: 2_000_000) }
        }
        return (whole, pieces)
    }

    @MainActor
    func test_an_answer_that_comes_faster_than_it_is_read_comes_whole_all_the_same() async throws {
        let office = try Office.open.get()
        for number in 0..<60 {
            _ = try await office.creates("cmn_location", ["name": String(repeating: "Works \(number) ", count: 10)])
        }
        let places = question("\(office.url)/api/now/table/cmn_location?sysparm_fields=name")
        let atOnce = try await whole(try await URLSessionTransport().send(request: places), pausing: false)
        let slowly = try await URLSessionTransport(mostWaiting: 100).send(request: places)
        XCTAssertEqual(slowly.status, 200)
        XCTAssertTrue(slowly.contentType.contains("json"))
        let read = try await whole(slowly, pausing: true)
        XCTAssertGreaterThan(read.0.count, 5_000)
        XCTAssertEqual(read.0.count, atOnce.0.count)
    }

    func test_what_is_no_address_and_where_nobody_answers_is_told() async throws {
        for url in ["http://127.0.0.1:9/", "no address"] {
            do {
                _ = try await URLSessionTransport().send(request: question(url))
                XCTFail("\(url) answered")
            } catch is PlatformError {}
        }
    }

    func test_a_server_that_refuses_is_an_answer_too() async throws {
        let office = try Office.open.get()
        let nothing = question("\(office.url)/api/now/table/nothing")
        let answer = try await URLSessionTransport().send(request: nothing)
        XCTAssertGreaterThanOrEqual(answer.status, 400)
    }
}
