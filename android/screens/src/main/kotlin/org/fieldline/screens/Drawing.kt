// A surface to draw on with a finger: for signatures and for marks on photos.

package org.fieldline.screens

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.gestures.detectDragGestures
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.graphics.drawscope.DrawScope
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.IntSize
import androidx.compose.ui.unit.dp
import org.fieldline.app.Stroke
import org.fieldline.app.StrokePoint

/** Draws strokes over a picture, if there is one, and tells of each when the finger leaves. */
@Composable
fun DrawingSurface(label: String, tag: String, strokes: List<Stroke>, ink: Color, modifier: Modifier, under: ImageBitmap? = null, drawn: (Stroke) -> Unit) {
    var points by remember { mutableStateOf(emptyList<StrokePoint>()) }
    val tell by rememberUpdatedState(drawn)
    val draws = Modifier.pointerInput(Unit) {
        detectDragGestures(
            onDragStart = { points = listOf(part(it, size)) },
            onDragEnd = {
                if (points.size > 1) tell(Stroke(points))
                points = emptyList()
            },
            onDragCancel = { points = emptyList() },
        ) { change, _ -> points = points + part(change.position, size) }
    }
    Canvas(modifier.then(draws).testTag(tag).semantics { contentDescription = label }) {
        if (under != null) drawImage(under, dstSize = IntSize(size.width.toInt(), size.height.toInt()))
        (strokes + Stroke(points)).forEach { line(it, ink) }
    }
}

private fun part(at: Offset, size: IntSize) =
    StrokePoint((at.x / size.width).coerceIn(0f, 1f), (at.y / size.height).coerceIn(0f, 1f))

private fun DrawScope.line(stroke: Stroke, ink: Color) {
    stroke.points.zipWithNext { from, to ->
        val start = Offset(from.x * size.width, from.y * size.height)
        val end = Offset(to.x * size.width, to.y * size.height)
        drawLine(ink, start, end, strokeWidth = 4.dp.toPx(), cap = StrokeCap.Round)
    }
}
