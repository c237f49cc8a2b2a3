// The control of the search for what the least Android lacks: this came with Android 28 and must be found.

class Planted {
    Object newer(android.content.Context context) {
        return context.getMainExecutor();
    }
}
