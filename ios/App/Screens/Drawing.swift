// A field people draw in with a finger or a pencil.

import FieldlineCore
import SwiftUI

struct DrawingPad: View {
    let strokes: [Stroke]
    let color: Color
    let drawn: (Stroke) -> Void
    @State private var stroke = Stroke()

    var body: some View {
        GeometryReader { space in
            Canvas { context, size in
                for stroke in strokes + [stroke] {
                    context.stroke(
                        path(stroke, size), with: .color(color), style: StrokeStyle(lineWidth: 3, lineCap: .round))
                }
            }
            .contentShape(Rectangle())
            .gesture(drawing(space.size))
        }
    }

    private func drawing(_ size: CGSize) -> some Gesture {
        DragGesture(minimumDistance: 0)
            .onChanged { stroke.points.append(.init(x: $0.location.x / size.width, y: $0.location.y / size.height)) }
            .onEnded { _ in
                drawn(stroke)
                stroke = Stroke()
            }
    }

    private func path(_ stroke: Stroke, _ size: CGSize) -> Path {
        Path { path in
            path.addLines(stroke.points.map { CGPoint(x: $0.x * size.width, y: $0.y * size.height) })
        }
    }
}
