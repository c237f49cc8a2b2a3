// Drawing on pictures and making them small.

import FieldlineCore
import FieldlineFFI
import UIKit

struct DevicePictures: Pictures {
    private static let thumbnailSide: CGFloat = 320
    private static let quality: CGFloat = 0.8

    func flattened(_ photo: Data, _ strokes: [Stroke]) throws -> Data {
        let image = try image(photo)
        return jpeg(image.size) { context in
            image.draw(at: .zero)
            draw(strokes, image.size, UIColor.systemRed, image.size.width / 100, context)
        }
    }

    func thumbnail(_ photo: Data) throws -> Data {
        let image = try image(photo)
        let scale = min(1, Self.thumbnailSide / max(image.size.width, image.size.height))
        let size = CGSize(width: image.size.width * scale, height: image.size.height * scale)
        return jpeg(size) { _ in image.draw(in: CGRect(origin: .zero, size: size)) }
    }

    func drawn(_ strokes: [Stroke], width: Int, height: Int) throws -> Data {
        let size = CGSize(width: width, height: height)
        return renderer(size).pngData { renderer in
            UIColor.white.setFill()
            renderer.fill(CGRect(origin: .zero, size: size))
            draw(strokes, size, UIColor.black, 3, renderer.cgContext)
        }
    }

    private func image(_ photo: Data) throws -> UIImage {
        guard let image = UIImage(data: photo) else { throw PlatformError.Failed(message: "this is no picture") }
        return image
    }

    private func renderer(_ size: CGSize) -> UIGraphicsImageRenderer {
        let format = UIGraphicsImageRendererFormat()
        format.scale = 1
        return UIGraphicsImageRenderer(size: size, format: format)
    }

    private func jpeg(_ size: CGSize, _ draw: (CGContext) -> Void) -> Data {
        renderer(size).jpegData(withCompressionQuality: Self.quality) { draw($0.cgContext) }
    }

    private func draw(_ strokes: [Stroke], _ size: CGSize, _ color: UIColor, _ width: CGFloat, _ context: CGContext) {
        context.setStrokeColor(color.cgColor)
        context.setLineWidth(width)
        context.setLineCap(.round)
        context.setLineJoin(.round)
        for stroke in strokes {
            context.addLines(between: stroke.points.map { CGPoint(x: $0.x * size.width, y: $0.y * size.height) })
            context.strokePath()
        }
    }
}
