// The photos of a job: looking at them, taking new ones, and drawing on these.

import FieldlineCore
import FieldlineFFI
import SwiftUI

struct PhotosScreen: View {
    @State private var model: PhotosModel
    @State private var isTaking = false
    @State private var taken: Data?
    @Environment(\.words) private var words

    init(phone: Phone, core: OpenStore, job: RecordId) {
        _model = State(initialValue: PhotosModel(core, job, phone.pictures))
    }

    var body: some View {
        ModelList(title: words.say("photos"), id: "photos", model: model) {
            ForEach(Array(model.photos.enumerated()), id: \.offset) { index, photo in
                Button {
                    Task { await model.open((photo.marked ?? photo.photo).blob) }
                } label: {
                    HStack {
                        Picture(data: photo.thumbnail).frame(width: 80, height: 80)
                        Line(
                            what: photo.photo.fileName, id: "photos.\(index)",
                            about: [words.moment(photo.photo.origin.at)])
                    }
                }
                Picker(words.say("photo"), selection: shows(photo)) {
                    Text("–").tag("")
                    ForEach(PhotosModel.kinds, id: \.self) { Text(words.named("photo", $0)) }
                }
                .accessibilityIdentifier("photos.\(index).shows")
            }
            Button(words.say("take_photo")) { isTaking = true }.accessibilityIdentifier("photos.take")
        }
        .fullScreenCover(isPresented: $isTaking) { taking }
        .sheet(isPresented: isOpened) { Picture(data: model.opened).accessibilityIdentifier("photos.opened") }
    }

    /// What a photo is said to show; choosing says it.
    private func shows(_ photo: JobPhoto) -> Binding<String> {
        let say: (String) -> Void = { kind in Task { await model.name(photo.photo.blob, kind) } }
        return Binding(get: { photo.shows }, set: { if !$0.isEmpty { say($0) } })
    }

    private var isOpened: Binding<Bool> {
        Binding(get: { model.opened != nil }, set: { if !$0 { model.close() } })
    }

    @ViewBuilder
    private var taking: some View {
        if let photo = taken {
            Annotation(photo: photo, leave: leave) { strokes in
                _ = await model.add(photo, strokes, fileName: "\(UUID().uuidString).jpg")
                leave()
            }
        } else {
            Camera { taken = $0 }
                .ignoresSafeArea()
                .overlay(alignment: .topLeading) {
                    Button(words.say("close"), action: leave).padding().accessibilityIdentifier("photos.leave")
                }
        }
    }

    private func leave() {
        (isTaking, taken) = (false, nil)
    }
}

/// Drawing on a photo before it is kept.
private struct Annotation: View {
    let photo: Data
    let leave: () -> Void
    let keep: ([Stroke]) async -> Void
    @State private var strokes: [Stroke] = []
    @Environment(\.words) private var words

    var body: some View {
        VStack {
            Picture(data: photo)
                .overlay { DrawingPad(strokes: strokes, color: .red) { strokes.append($0) } }
                .accessibilityLabel(words.say("draw_on_photo"))
                .accessibilityIdentifier("photos.draw")
            Act(words.say("keep_photo"), "photos.keep") { await keep(strokes) }
            Button(words.say("clear")) { strokes = [] }.accessibilityIdentifier("photos.clear")
            Button(words.say("leave_it"), role: .cancel, action: leave).accessibilityIdentifier("photos.leave")
        }
        .padding()
    }
}
