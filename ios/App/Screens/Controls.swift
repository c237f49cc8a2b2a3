// What every screen is made of: a list with its problem on top, lines, and buttons that wait for their work.

import Accessibility
import FieldlineCore
import FieldlineFFI
import SwiftUI

/// A list of a model. It asks when it appears and when it is pulled.
struct ModelList<Content: View>: View {
    let title: String
    let id: String
    let model: FieldlineCore.Screen
    @ViewBuilder let content: () -> Content

    var body: some View {
        List {
            if let problem = model.problem {
                ProblemSection(problem: problem, understood: model.understood)
            }
            content()
        }
        .navigationTitle(title)
        .accessibilityIdentifier(id)
        .overlay { if model.isBusy { ProgressView() } }
        .refreshable { await model.show() }
        .task { await model.show() }
    }
}

/// What went wrong, in the core's words, and what helps.
struct ProblemSection: View {
    let problem: Problem
    let understood: () -> Void
    @Environment(\.words) private var words

    var body: some View {
        Section {
            Text(words.named("remedy", problem.remedy.word)).font(.headline)
            if !problem.told.isEmpty { Text(problem.told) }
            Button(words.say("understood"), action: understood).accessibilityIdentifier("problem.understood")
        }
        .foregroundStyle(.red)
        .accessibilityIdentifier("problem")
    }
}

extension Remedy {
    /// As the words are named.
    var word: String {
        rawValue.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }
}

/// A line of a list: what it is, and what there is to know about it.
struct Line: View {
    let what: String
    let id: String
    var about: [String] = []
    var isUrgent = false

    var body: some View {
        VStack(alignment: .leading, spacing: 2) {
            Text(what).font(.body).foregroundStyle(isUrgent ? Color.red : Color.primary)
            ForEach(about.filter { !$0.isEmpty }, id: \.self) { told in
                Text(told).font(.subheadline).foregroundStyle(.secondary)
            }
        }
        .accessibilityElement(children: .combine)
        .accessibilityIdentifier(id)
    }
}

/// A button whose work takes time; it cannot be pressed twice meanwhile.
struct Act: View {
    let label: String
    let id: String
    var role: ButtonRole?
    let work: () async -> Void
    @State private var isAtWork = false

    init(_ label: String, _ id: String, role: ButtonRole? = nil, work: @escaping () async -> Void) {
        (self.label, self.id, self.role, self.work) = (label, id, role, work)
    }

    var body: some View {
        Button(role: role) {
            isAtWork = true
            Task {
                await work()
                isAtWork = false
            }
        } label: {
            Text(label).frame(maxWidth: .infinity, minHeight: 44, alignment: .leading)
        }
        .disabled(isAtWork)
        .accessibilityIdentifier(id)
    }
}

/// A field to write in.
struct Entry: View {
    let label: String
    let id: String
    @Binding var text: String

    init(_ label: String, _ id: String, _ text: Binding<String>) {
        (self.label, self.id, _text) = (label, id, text)
    }

    var body: some View {
        TextField(label, text: $text, axis: .vertical)
            .accessibilityLabel(label)
            .accessibilityIdentifier(id)
    }
}

/// A code, a tag or a number, typed or scanned.
struct CodeEntry: View {
    let label: String
    let id: String
    @Binding var text: String
    let scanned: () async -> Void
    @State private var isScanning = false
    @Environment(\.words) private var words

    init(_ label: String, _ id: String, _ text: Binding<String>, scanned: @escaping () async -> Void = {}) {
        (self.label, self.id, self._text, self.scanned) = (label, id, text, scanned)
    }

    var body: some View {
        Entry(label, id, $text)
        if Scanner.isThere {
            Button(words.say("scan")) { isScanning = true }
                .accessibilityIdentifier("\(id).scan")
                .sheet(isPresented: $isScanning) {
                    Scanner { code in
                        (text, isScanning) = (code, false)
                        Task { await scanned() }
                    }
                }
        }
    }
}

extension View {
    /// What something led to: read out when it comes, and in sight wherever the list is scrolled to.
    func told(_ text: String?, _ id: String, isUrgent: Bool = false) -> some View {
        safeAreaInset(edge: .top) {
            if let text {
                Line(what: text, id: id, isUrgent: isUrgent)
                    .padding()
                    .frame(maxWidth: .infinity, alignment: .leading)
                    .background(.bar)
            }
        }
        .onChange(of: text) { _, text in
            if let text { AccessibilityNotification.Announcement(text).post() }
        }
    }
}

/// Data of a picture, or a sign that it has not come yet.
struct Picture: View {
    let data: Data?
    @Environment(\.words) private var words

    var body: some View {
        if let image = data.flatMap(UIImage.init(data:)) {
            Image(uiImage: image).resizable().scaledToFit().accessibilityLabel(words.say("photo"))
        } else {
            Label(words.say("comes_with_sync"), systemImage: "arrow.down.circle")
        }
    }
}
