// Reading fields of listed records, and making values of what a person typed.

package org.fieldline.app

import org.fieldline.core.FieldChange
import org.fieldline.core.FieldKind
import org.fieldline.core.FieldValue
import org.fieldline.core.Item
import org.fieldline.core.ListedField
import org.fieldline.core.Place
import org.fieldline.core.SysId
import java.time.Instant
import java.time.LocalDateTime
import java.time.ZoneId
import java.time.format.DateTimeParseException

fun List<ListedField>.value(name: String): FieldValue? = firstOrNull { it.name == name }?.value

fun List<ListedField>.text(name: String): String = (value(name) as? FieldValue.Text)?.text.orEmpty()

fun List<ListedField>.number(name: String): Long? = (value(name) as? FieldValue.Integer)?.number

fun List<ListedField>.moment(name: String): Instant? = (value(name) as? FieldValue.Time)?.at

fun List<ListedField>.reference(name: String): SysId? = (value(name) as? FieldValue.Reference)?.sysId

/** Where a location is, when it says so. */
fun Item.place(): Place? {
    val (latitude, longitude) = listOf("latitude", "longitude").map { (fields.value(it) as? FieldValue.Decimal)?.digits?.toDoubleOrNull() }
    return if (latitude == null || longitude == null) null else Place(latitude, longitude)
}

/** A location as one writes it: its name, street and city. */
fun Item.address(): String = listOf(display, fields.text("street"), fields.text("city")).filter(String::isNotEmpty).distinct().joinToString(", ")

/** What a person typed into a field; nothing typed empties it. `null` when the text cannot be such a value. */
fun typed(field: String, kind: FieldKind, text: String, zone: ZoneId): FieldChange? {
    if (text.isBlank()) return FieldChange(field, null)
    val value = when (kind) {
        FieldKind.TEXT -> FieldValue.Text(text)
        FieldKind.INTEGER -> text.trim().toLongOrNull()?.let(FieldValue::Integer)
        FieldKind.DECIMAL -> FieldValue.Decimal(text.trim())
        FieldKind.BOOLEAN -> text.toBooleanStrictOrNull()?.let(FieldValue::Boolean)
        FieldKind.TIME -> momentOf(text, zone)?.let(FieldValue::Time)
        FieldKind.REFERENCE -> FieldValue.Reference(SysId(text.trim()))
        FieldKind.REFERENCES -> FieldValue.References(text.split(',').map { SysId(it.trim()) })
    }
    return value?.let { FieldChange(field, it) }
}

/** A moment as people type it: `2026-11-28 08:30`. */
fun momentOf(text: String, zone: ZoneId): Instant? = try {
    LocalDateTime.parse(text.trim().replace(' ', 'T')).atZone(zone).toInstant()
} catch (_: DateTimeParseException) {
    null
}
