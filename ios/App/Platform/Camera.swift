// The camera: a view of what it sees, and a photo of it. Photos go straight into the encrypted store and into no album.

import AVFoundation
import SwiftUI
import UIKit

struct Camera: UIViewControllerRepresentable {
    let taken: (Data) -> Void

    func makeUIViewController(context _: Context) -> CameraController {
        CameraController(taken: taken)
    }

    func updateUIViewController(_: CameraController, context _: Context) {}
}

final class CameraController: UIViewController, AVCapturePhotoCaptureDelegate {
    private let taken: (Data) -> Void
    private let session = AVCaptureSession()
    private let output = AVCapturePhotoOutput()
    private let queue = DispatchQueue(label: "org.fieldline.camera")
    private lazy var preview = AVCaptureVideoPreviewLayer(session: session)

    init(taken: @escaping (Data) -> Void) {
        self.taken = taken
        super.init(nibName: nil, bundle: nil)
    }

    @available(*, unavailable)
    required init?(coder _: NSCoder) {
        fatalError("this controller is in no storyboard")
    }

    override func viewDidLoad() {
        super.viewDidLoad()
        view.backgroundColor = .black
        preview.videoGravity = .resizeAspectFill
        view.layer.addSublayer(preview)
        addShutter()
        Task {
            guard await AVCaptureDevice.requestAccess(for: .video) else { return }
            begin()
        }
    }

    override func viewDidLayoutSubviews() {
        super.viewDidLayoutSubviews()
        preview.frame = view.bounds
    }

    override func viewDidDisappear(_ animated: Bool) {
        super.viewDidDisappear(animated)
        queue.async { [session] in session.stopRunning() }
    }

    private func begin() {
        guard let camera = AVCaptureDevice.default(.builtInWideAngleCamera, for: .video, position: .back),
            let input = try? AVCaptureDeviceInput(device: camera), session.canAddInput(input),
            session.canAddOutput(output)
        else { return }
        session.beginConfiguration()
        session.sessionPreset = .photo
        session.addInput(input)
        session.addOutput(output)
        session.commitConfiguration()
        queue.async { [session] in session.startRunning() }
    }

    private func addShutter() {
        let shutter = UIButton(type: .system)
        shutter.setImage(UIImage(systemName: "camera.circle.fill"), for: .normal)
        shutter.setPreferredSymbolConfiguration(UIImage.SymbolConfiguration(pointSize: 64), forImageIn: .normal)
        shutter.tintColor = .white
        shutter.accessibilityIdentifier = "camera.shutter"
        shutter.accessibilityLabel = Words.chosen.say("take_photo")
        shutter.addAction(UIAction { [weak self] _ in self?.take() }, for: .touchUpInside)
        shutter.translatesAutoresizingMaskIntoConstraints = false
        view.addSubview(shutter)
        NSLayoutConstraint.activate([
            shutter.centerXAnchor.constraint(equalTo: view.centerXAnchor),
            shutter.bottomAnchor.constraint(equalTo: view.safeAreaLayoutGuide.bottomAnchor, constant: -24),
        ])
    }

    private func take() {
        guard session.isRunning else { return }
        output.capturePhoto(
            with: AVCapturePhotoSettings(format: [AVVideoCodecKey: AVVideoCodecType.jpeg]), delegate: self)
    }

    func photoOutput(_: AVCapturePhotoOutput, didFinishProcessingPhoto photo: AVCapturePhoto, error _: (any Error)?) {
        guard let data = photo.fileDataRepresentation() else { return }
        DispatchQueue.main.async { [taken] in taken(data) }
    }
}
