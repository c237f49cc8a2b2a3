// The app begins, shows every tab, and says that nobody is signed in. What the screens say and do is tried in FieldlineCoreTests.

import XCTest

final class SmokeTests: XCTestCase {
    @MainActor
    private func launched() -> XCUIApplication {
        continueAfterFailure = false
        let app = XCUIApplication()
        app.launchArguments = ["-AppleLanguages", "(en)"]
        app.launch()
        return app
    }

    @MainActor
    func test_every_tab_can_be_opened() {
        let app = launched()
        for tab in ["Today", "What changed", "Needs attention", "Search", "More"] {
            app.tabBars.buttons[tab].tap()
            XCTAssertTrue(app.navigationBars[tab].waitForExistence(timeout: 5), "\(tab) does not open")
        }
    }

    @MainActor
    func test_before_anybody_signed_in_the_sync_screen_says_so() {
        let app = launched()
        app.tabBars.buttons["More"].tap()
        app.descendants(matching: .any)["more.sync"].firstMatch.tap()
        let summary = app.descendants(matching: .any)["sync.summary"].firstMatch
        XCTAssertTrue(summary.waitForExistence(timeout: 5))
        XCTAssertTrue(summary.label.contains("Nobody is signed in"))
    }
}
