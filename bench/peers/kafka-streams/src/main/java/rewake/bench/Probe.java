package rewake.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** From the first event to the last: seconds and CPU of the whole process. One stream thread alone calls it. */
final class Probe {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final int wanted;
    private final Path report;
    private int events;
    private long began;
    private long cpu;

    Probe(int wanted, Path report) {
        this.wanted = wanted;
        this.report = report;
    }

    void begin() {
        if (events++ == 0) {
            began = System.nanoTime();
            cpu = SYSTEM.getProcessCpuTime();
        }
    }

    void end() {
        if (events != wanted) {
            return;
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        double used = (SYSTEM.getProcessCpuTime() - cpu) / 1e9;
        String json = String.format(
                Locale.ROOT, "{\"events\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f}", events, seconds, used);
        try {
            Path part = Path.of(report + ".part");
            Files.writeString(part, json);
            Files.move(part, report);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
