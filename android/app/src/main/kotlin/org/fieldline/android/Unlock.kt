// Asks the phone's owner for face, finger or code, so that the Keystore unwraps the key of the database.

package org.fieldline.android

import android.app.KeyguardManager
import android.hardware.biometrics.BiometricManager
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts.StartActivityForResult

class Unlock(private val activity: ComponentActivity) {
    private var unlocked: () -> Unit = {}
    private val confirm = activity.registerForActivityResult(StartActivityForResult()) { unlocked() }

    /** Calls back once the owner was asked; whether the key can be used then shows when the store is opened. */
    fun ask(then: () -> Unit) {
        unlocked = then
        val guard = activity.getSystemService(KeyguardManager::class.java)
        when {
            !guard.isDeviceSecure -> then()
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.R -> prompt()
            else -> byCode(guard)
        }
    }

    private fun prompt() {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return
        val ways = BiometricManager.Authenticators.BIOMETRIC_STRONG or BiometricManager.Authenticators.DEVICE_CREDENTIAL
        val prompt = BiometricPrompt.Builder(activity).setTitle(activity.getString(R.string.unlock_title)).setAllowedAuthenticators(ways).build()
        val answer = object : BiometricPrompt.AuthenticationCallback() {
            override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult?) = unlocked()

            override fun onAuthenticationError(code: Int, message: CharSequence?) = unlocked()
        }
        prompt.authenticate(CancellationSignal(), activity.mainExecutor, answer)
    }

    private fun byCode(guard: KeyguardManager) {
        @Suppress("DEPRECATION")
        val asks = guard.createConfirmDeviceCredentialIntent(activity.getString(R.string.unlock_title), null)
        if (asks == null) unlocked() else confirm.launch(asks)
    }
}
