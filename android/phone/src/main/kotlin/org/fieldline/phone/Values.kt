// The one form every value of the bindings has in JSON, found by reflection, so that a new record or command needs no new code.

package org.fieldline.phone

import org.fieldline.core.Content
import org.json.JSONArray
import org.json.JSONObject
import java.math.BigInteger
import java.time.Duration
import java.time.Instant
import kotlin.reflect.KClass
import kotlin.reflect.KParameter
import kotlin.reflect.KProperty1
import kotlin.reflect.KType
import kotlin.reflect.full.memberProperties
import kotlin.reflect.full.primaryConstructor

private val HUMP = Regex("(?<=[a-z0-9])[A-Z]")

/** `sysId` and `SysId` become `sys_id`. */
fun snake(name: String): String = HUMP.replace(name) { "_" + it.value }.lowercase()

/** `sys_id` becomes `sysId`. */
fun camel(name: String): String = Regex("_([a-z0-9])").replace(name) { it.groupValues[1].uppercase() }

/** A value of the bindings as JSON. */
fun toJson(value: Any?): Any = when (value) {
    null, Unit -> JSONObject.NULL
    is String, is Boolean, is Int, is Long, is Double -> value
    is UByte, is UShort, is UInt, is ULong -> BigInteger(value.toString())
    is Instant -> toMilliseconds(value)
    is ByteArray -> hex(value)
    is List<*> -> JSONArray(value.map(::toJson))
    is Enum<*> -> value.name.lowercase()
    else -> fieldsToJson(value)
}

private fun fieldsToJson(value: Any): JSONObject {
    val json = JSONObject()
    if (value::class.java.enclosingClass?.kotlin?.isSealed == true) json.put("kind", snake(value::class.simpleName!!))
    val fields = value::class.primaryConstructor?.parameters.orEmpty().mapNotNull(KParameter::name)
    val properties = value::class.memberProperties.associateBy { it.name }
    for (name in fields) {
        @Suppress("UNCHECKED_CAST")
        val property = properties.getValue(name) as KProperty1<Any, *>
        json.put(if (value is Throwable) errorField(name) else snake(name), toJson(property.get(value)))
    }
    return json
}

/** Kotlin's exceptions own the name `message`, so the bindings have another for what the core tells. */
private fun errorField(name: String) = if (name == "told") "message" else snake(name)

/** What a function or a record takes, from JSON. */
fun fromJson(json: Any?, type: KType): Any? {
    if (json == null || json == JSONObject.NULL) {
        return if (type.isMarkedNullable) null else absent(type)
    }
    val wanted = type.classifier as KClass<*>
    return when (wanted) {
        String::class -> json as String
        Boolean::class -> json as Boolean
        Int::class -> (json as Number).toInt()
        Long::class -> (json as Number).toLong()
        UInt::class -> (json as Number).toLong().toUInt()
        ULong::class -> BigInteger(json.toString()).toLong().toULong()
        Double::class -> (json as Number).toDouble()
        Instant::class -> Instant.ofEpochMilli((json as Number).toLong())
        ByteArray::class -> bytes(json as String)
        List::class -> (json as JSONArray).map { fromJson(it, type.arguments.single().type!!) }
        else -> objectFromJson(json, wanted)
    }
}

/** Lists left out are empty. */
private fun absent(type: KType): Any =
    if (type.classifier == List::class) emptyList<Any>() else throw IllegalArgumentException("a $type is missing")

private fun objectFromJson(json: Any, wanted: KClass<*>): Any {
    if (json is String) {
        val variants = wanted.java.enumConstants.orEmpty()
        return variants.firstOrNull { (it as Enum<*>).name.equals(json, ignoreCase = true) }
            ?: throw IllegalArgumentException("${wanted.simpleName} has no $json")
    }
    json as JSONObject
    if (!wanted.isSealed) return made(wanted, json)
    val kind = json.getString("kind")
    if (wanted == Content::class && kind == "source") return Content.Source(FileOf(json.getString("path")))
    val variant = wanted.sealedSubclasses.firstOrNull { snake(it.simpleName!!) == kind }
        ?: throw IllegalArgumentException("${wanted.simpleName} has no $kind")
    return variant.objectInstance ?: made(variant, json)
}

private fun made(wanted: KClass<*>, json: JSONObject): Any {
    val constructor = wanted.primaryConstructor ?: throw IllegalArgumentException("no JSON makes a ${wanted.simpleName}")
    return constructor.callBy(constructor.parameters.associateWith { fromJson(json.opt(snake(it.name!!)), it.type) })
}

/** Milliseconds since 1970, to the nearest. */
fun toMilliseconds(moment: Instant): Long = moment.plus(Duration.ofNanos(500_000)).toEpochMilli()

fun hex(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }

fun bytes(hex: String): ByteArray = hex.chunked(2).map { it.toInt(16).toByte() }.toByteArray()
