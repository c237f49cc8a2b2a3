// The documents of a job: adding them, looking at PDFs, and sharing.

import FieldlineCore
import FieldlineFFI
import PDFKit
import SwiftUI
import UniformTypeIdentifiers

struct FilesScreen: View {
    @State private var model: FilesModel
    @State private var isChoosing = false
    @Environment(\.words) private var words

    init(core: OpenStore, job: RecordId) {
        _model = State(initialValue: FilesModel(core, job))
    }

    var body: some View {
        ModelList(title: words.say("files"), id: "files", model: model) {
            if model.files.isEmpty { Line(what: words.say("no_files"), id: "files.none") }
            ForEach(Array(model.files.enumerated()), id: \.offset) { index, file in
                Button {
                    Task { await model.open(file) }
                } label: {
                    Line(what: file.fileName, id: "files.\(index)", about: [words.moment(file.origin.at)])
                }
            }
            Button(words.say("add_file")) { isChoosing = true }.accessibilityIdentifier("files.add")
            Button(words.say("make_report")) { Task { await model.makeReport() } }
                .accessibilityIdentifier("files.report")
        }
        .fileImporter(isPresented: $isChoosing, allowedContentTypes: [.item]) { chosen in
            if case .success(let url) = chosen { Task { await add(url) } }
        }
        .sheet(isPresented: isOpened) {
            if let opened = model.opened { OpenedFile(file: opened.file, content: opened.content) }
        }
    }

    private var isOpened: Binding<Bool> {
        Binding(get: { model.opened != nil }, set: { if !$0 { model.close() } })
    }

    private func add(_ url: URL) async {
        guard url.startAccessingSecurityScopedResource() else { return }
        defer { url.stopAccessingSecurityScopedResource() }
        let type = UTType(filenameExtension: url.pathExtension)?.preferredMIMEType
        _ = await model.add(url, contentType: type ?? "application/octet-stream")
    }
}

private struct OpenedFile: View {
    let file: Attachment
    let content: Data?
    @Environment(\.words) private var words

    var body: some View {
        NavigationStack {
            Group {
                if let content, let document = PDFDocument(data: content) {
                    PDFPages(document: document).accessibilityLabel(file.fileName)
                } else if content != nil {
                    Line(what: file.fileName, id: "files.opened")
                } else {
                    Picture(data: nil)
                }
            }
            .navigationTitle(file.fileName)
            .toolbar {
                if let content {
                    ShareLink(
                        item: SharedFile(name: file.fileName, content: content), preview: SharePreview(file.fileName)
                    )
                    .accessibilityIdentifier("files.share")
                }
            }
        }
    }
}

/// Leaves the app only when a person shares it, as data and not as a file that would lie about.
private struct SharedFile: Transferable {
    let name: String
    let content: Data

    static var transferRepresentation: some TransferRepresentation {
        DataRepresentation(exportedContentType: .data) { $0.content }
            .suggestedFileName { $0.name }
    }
}

private struct PDFPages: UIViewRepresentable {
    let document: PDFDocument

    func makeUIView(context _: Context) -> PDFView {
        let view = PDFView()
        view.autoScales = true
        view.document = document
        return view
    }

    func updateUIView(_ view: PDFView, context _: Context) {
        view.document = document
    }
}
