using System.Diagnostics;

namespace XTrace.Exporter.Metrics;

/// <summary>How the exporter itself fares.</summary>
internal static class HealthMetrics
{
    private static readonly string s_version = typeof(HealthMetrics).Assembly.GetName().Version!.ToString(3);
    private static readonly double s_started = StartTime();

    /// <summary>The work of its outputs, and the resources that it uses. Read from any thread.</summary>
    internal static IEnumerable<MetricFamily> Collect(IReadOnlyList<IFlowOutput> outputs)
    {
        MetricFamily build = MetricFamily.Gauge("xtrace_exporter_build_info", "The version of the exporter; always 1.");
        build.Add(1, new Label("version", s_version));
        return [build, .. Outputs(outputs), .. Process()];
    }

    private static MetricFamily[] Outputs(IReadOnlyList<IFlowOutput> outputs)
    {
        (Label Name, OutputHealth Health)[] all =
        [
            .. from output in outputs
               let health = output.Health
               where health is not null
               select (new Label("output", output.Name), health.Value),
        ];
        return
        [
            Family(false, "connected", "Whether the last thing that was tried succeeded.", health => health.IsConnected ? 1 : 0),
            Family(true, "messages_total", "Messages that were handed over.", health => health.Messages),
            Family(true, "failures_total", "Attempts that failed and were made again.", health => health.Failures),
            Family(true, "sent_records_total", "Records that were handed over.", health => health.Sent.Flows),
            Family(true, "sent_packets_total", "Frames in them.", health => health.Sent.Frames.Packets),
            Family(true, "sent_bytes_total", "L2 bytes in them.", health => health.Sent.Frames.Bytes),
            Family(true, "given_up_records_total", "Records that were given up.", health => health.GivenUp.Flows),
            Family(true, "given_up_packets_total", "Frames in them.", health => health.GivenUp.Frames.Packets),
            Family(true, "given_up_bytes_total", "L2 bytes in them.", health => health.GivenUp.Frames.Bytes),
            Family(false, "waiting_records", "Records in the buffer.", health => health.Waiting.Flows),
            Family(false, "buffer_bytes", "Bytes that the buffer takes.", health => health.WaitingBytes),
        ];

        MetricFamily Family(bool isCounter, string name, string help, Func<OutputHealth, double> valueOf)
        {
            MetricFamily family = new($"xtrace_exporter_output_{name}", isCounter ? MetricType.Counter : MetricType.Gauge, help);
            Array.ForEach(all, output => family.Add(valueOf(output.Health), output.Name));
            return family;
        }
    }

    /// <summary>The names that all exporters use.</summary>
    private static MetricFamily[] Process() =>
    [
        Single(MetricFamily.Counter("process_cpu_seconds_total", "CPU time of the exporter."), Environment.CpuUsage.TotalTime.TotalSeconds),
        Single(MetricFamily.Gauge("process_resident_memory_bytes", "Memory that the exporter takes."), Environment.WorkingSet),
        Descriptors(),
        Single(MetricFamily.Gauge("process_start_time_seconds", "When the exporter started, Unix time."), s_started),
    ];

    /// <summary>Without a value where no descriptor is left to count them with.</summary>
    private static MetricFamily Descriptors()
    {
        MetricFamily family = MetricFamily.Gauge("process_open_fds", "Descriptors that the exporter has open.");
        try
        {
            family.Add(Directory.GetFiles("/proc/self/fd").Length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The other values say enough.
        }
        return family;
    }

    internal static MetricFamily Single(MetricFamily family, double value)
    {
        family.Add(value);
        return family;
    }

    private static double StartTime()
    {
        using Process self = System.Diagnostics.Process.GetCurrentProcess();
        return Math.Round((self.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds, 3);
    }
}
