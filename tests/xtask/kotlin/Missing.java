// Prints what the sources refer to and neither the targets nor the libraries have, each with every place that refers to it.
// Takes the arguments of R8's tracereferences; started by tests/xtask/src/kotlin/least.rs.

import com.android.tools.r8.Diagnostic;
import com.android.tools.r8.DiagnosticsHandler;
import com.android.tools.r8.DiagnosticsLevel;
import com.android.tools.r8.diagnostic.DefinitionContext;
import com.android.tools.r8.diagnostic.MissingDefinitionsDiagnostic;
import com.android.tools.r8.origin.Origin;
import com.android.tools.r8.tracereferences.TraceReferences;
import com.android.tools.r8.tracereferences.TraceReferencesCommand;
import java.util.TreeSet;

public class Missing {
    public static void main(String[] arguments) throws Exception {
        var found = new TreeSet<String>();
        var hears = new DiagnosticsHandler() {
            @Override
            public DiagnosticsLevel modifyDiagnosticsLevel(DiagnosticsLevel level, Diagnostic told) {
                if (!(told instanceof MissingDefinitionsDiagnostic)) return level;
                for (var missing : ((MissingDefinitionsDiagnostic) told).getMissingDefinitions()) {
                    var what = missing.getDiagnosticMessage().split(" \\(referenced from")[0].replace("Missing ", "");
                    missing.getReferencedFromContexts().forEach(from -> found.add(place(from) + ": " + what));
                }
                return DiagnosticsLevel.NONE;
            }
        };
        TraceReferences.run(TraceReferencesCommand.parse(arguments, Origin.root(), hears).build());
        found.forEach(System.out::println);
    }

    private static String place(DefinitionContext from) {
        if (from.isClassContext()) return from.asClassContext().getClassReference().getTypeName();
        if (from.isFieldContext()) return from.asFieldContext().getFieldReference().getHolderClass().getTypeName();
        var method = from.asMethodContext().getMethodReference();
        return method.getHolderClass().getTypeName() + "." + method.getMethodName();
    }
}
