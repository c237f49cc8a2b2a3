// The day as a list, in the order planned, and on a map.

import FieldlineCore
import FieldlineFFI
import MapKit
import SwiftUI

struct TodayScreen: View {
    let phone: Phone
    @State private var model: TodayModel
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore) {
        self.phone = phone
        _model = State(initialValue: TodayModel(core))
    }

    var body: some View {
        ModelList(title: words.say("today"), id: "today", model: model) {
            if model.jobs.isEmpty { Line(what: words.say("no_jobs"), id: "today.none") }
            ForEach(model.jobs) { job in
                NavigationLink(value: job.record) { JobLine(job: job) }
            }
            if !model.points.isEmpty { map }
            Act(words.say("plan_day"), "today.plan") {
                if let here = phone.whereabouts.here() { _ = await model.plan(from: here) }
            }
            if let order = model.order { planned(order) }
        }
        .onChange(of: model.points) { _, points in
            Task { await Notices.watch(points, words) }
        }
        .toolbar {
            DatePicker(words.say("today"), selection: day, displayedComponents: .date)
                .labelsHidden()
                .accessibilityIdentifier("today.day")
        }
    }

    private var day: Binding<Date> {
        Binding {
            model.day
        } set: { day in
            Task { await model.show(day) }
        }
    }

    private var map: some View {
        Section(words.say("map")) {
            Map {
                ForEach(model.points) { job in
                    if let place = job.place { Marker(job.site, coordinate: place.coordinate) }
                }
            }
            .frame(height: 200)
            .accessibilityLabel(words.say("map_of", model.points.map(\.site).joined(separator: ", ")))
            .accessibilityIdentifier("today.map")
            ForEach(model.points) { job in
                Act(words.say("navigate_to", job.site), "today.navigate.\(job.number)") { job.navigate() }
            }
        }
    }

    private func planned(_ order: DayPlan) -> some View {
        Section(words.say("planned_order")) {
            ForEach(order.stops, id: \.task.record) { stop in
                NavigationLink(value: stop.task.record) { StopLine(stop: stop) }
            }
            ForEach(order.leftOut, id: \.task.record) { left in
                Line(
                    what: left.task.display, id: "today.left.\(left.task.display)", about: [left.reason], isUrgent: true
                )
            }
            if order.mayTake {
                Act(words.say("take_plan"), "today.takeplan") { _ = await model.takePlan() }
            }
        }
    }
}

private struct JobLine: View {
    let job: TodayJob
    @Environment(\.words) private var words

    var body: some View {
        Line(
            what: job.what.isEmpty ? job.number : job.what, id: "today.job.\(job.number)",
            about: [
                "\(job.number) · \(words.named("stage", job.stage))",
                job.beginsAt.map(words.moment) ?? "",
                job.site,
                job.unsent > 0 ? words.say("unsent", "\(job.unsent)") : "",
                job.attention > 0 ? words.say("needs_attention") : "",
                job.isLeaving ? words.say("leaves") : "",
            ],
            isUrgent: job.attention > 0)
    }
}

private struct StopLine: View {
    let stop: Stop
    @Environment(\.words) private var words

    var body: some View {
        let way = words.say("way", "\(stop.travelSeconds / 60)", "\(stop.travelMeters / 1_000)")
        let times = "\(words.moment(stop.beginsAt)) – \(words.moment(stop.endsAt))"
        Line(what: stop.task.display, id: "today.stop.\(stop.task.display)", about: [times, way])
    }
}

extension Place {
    var coordinate: CLLocationCoordinate2D { CLLocationCoordinate2D(latitude: latitude, longitude: longitude) }
}

extension TodayJob {
    /// The way there is the map app's.
    @MainActor
    fileprivate func navigate() {
        guard let place else { return }
        let item = MKMapItem(placemark: MKPlacemark(coordinate: place.coordinate))
        item.name = site
        item.openInMaps(launchOptions: [MKLaunchOptionsDirectionsModeKey: MKLaunchOptionsDirectionsModeDriving])
    }
}
