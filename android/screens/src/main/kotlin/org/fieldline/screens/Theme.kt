// Colours for sun and night, and a theme of high contrast for whoever needs it or works in glaring light.

package org.fieldline.screens

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.graphics.Color

private val Light = lightColorScheme(
    primary = Color(0xFF00531F),
    onPrimary = Color.White,
    secondaryContainer = Color(0xFFD7E8DA),
    onSecondaryContainer = Color(0xFF0B2013),
    background = Color(0xFFFAFCF8),
    surface = Color(0xFFFAFCF8),
    error = Color(0xFFA3120A),
    errorContainer = Color(0xFFFFDAD5),
    onErrorContainer = Color(0xFF410001),
)

private val Dark = darkColorScheme(
    primary = Color(0xFF86DA98),
    onPrimary = Color(0xFF00390F),
    secondaryContainer = Color(0xFF2C3C30),
    onSecondaryContainer = Color(0xFFD7E8DA),
    background = Color(0xFF101411),
    surface = Color(0xFF101411),
    error = Color(0xFFFFB4A9),
    errorContainer = Color(0xFF7D0905),
    onErrorContainer = Color(0xFFFFDAD5),
)

private val LightContrast = lightColorScheme(
    primary = Color.Black, onPrimary = Color.White,
    secondaryContainer = Color.White, onSecondaryContainer = Color.Black,
    background = Color.White, onBackground = Color.Black, surface = Color.White, onSurface = Color.Black,
    onSurfaceVariant = Color.Black, outline = Color.Black,
    error = Color(0xFF8B0000), errorContainer = Color.White, onErrorContainer = Color(0xFF8B0000),
)

private val DarkContrast = darkColorScheme(
    primary = Color.Yellow, onPrimary = Color.Black,
    secondaryContainer = Color.Black, onSecondaryContainer = Color.White,
    background = Color.Black, onBackground = Color.White, surface = Color.Black, onSurface = Color.White,
    onSurfaceVariant = Color.White, outline = Color.White,
    error = Color(0xFFFFB4A9), errorContainer = Color.Black, onErrorContainer = Color(0xFFFFB4A9),
)

@Composable
fun FieldlineTheme(isDark: Boolean = isSystemInDarkTheme(), isHighContrast: Boolean = false, content: @Composable () -> Unit) {
    MaterialTheme(colorScheme = scheme(isDark, isHighContrast), content = content)
}

private fun scheme(isDark: Boolean, isHighContrast: Boolean): ColorScheme = when {
    isDark && isHighContrast -> DarkContrast
    isDark -> Dark
    isHighContrast -> LightContrast
    else -> Light
}
