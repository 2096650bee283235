using System.CommandLine;
using System.Globalization;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Exports;
using ForegSyte.V1;

namespace ForegSyte.Benchmarks.Exports;

/// <summary>
/// Peak memory and rate of exports in each format, over few and over many frames, each in a new process: memory has a
/// limit, whatever the number of frames.
/// </summary>
internal static class ExportBenchmark
{
    /// <summary>Name of the role that writes one export.</summary>
    public const string Role = "export";

    /// <summary>More than what a row group of Parquet and the first collections of garbage take.</summary>
    private const int FewFrames = 200_000;

    /// <summary>Maximum of the peak memory, of which the runtime takes a third.</summary>
    private const double MemoryGoalMegabytes = 128;

    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(10);

    /// <summary>Creates the command.</summary>
    public static Command Command()
    {
        var frames = new Option<int>("--frames")
        {
            Description = "Number of frames, with two detections and a text each.",
            DefaultValueFactory = _ => 2_000_000,
        };
        var command = new Command("exports", "Memory and rate of exports.") { frames };
        command.SetAction((arguments, cancellationToken) => BenchmarkRun.RunAsync(
            "bench-exports", TimeLimit, _ => Task.FromResult(Benchmarks(arguments.GetValue(frames))),
            cancellationToken, hasRounds: false));
        return command;
    }

    /// <summary>Reads a line "format table frames", writes the export to nowhere and prints what it took.</summary>
    public static async Task RunRoleAsync(CancellationToken cancellationToken)
    {
        var order = (await Console.In.ReadLineAsync(cancellationToken))!.Split(' ');
        var results = new GeneratedResults(int.Parse(order[2], CultureInfo.InvariantCulture));
        var options = ExportFormats.Parse(order[0], order[1], [], out _)!;
        await using var destination = new CountingStream();
        var start = TimeProvider.System.GetTimestamp();
        await ExportWriter.WriteAsync(results, options, destination, cancellationToken);
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        var peak = ProcessMemory.Of(Environment.ProcessId).Peak;
        Console.WriteLine(FormattableString.Invariant($"{seconds} {peak} {destination.Written / 1e6}"));
    }

    private static IEnumerable<Benchmark> Benchmarks(int frames) =>
        from format in ExportFormats.All
        from table in format.Tables
        let name = $"{format.Name} {ExportFormats.NameOf(table)}"
        select new Benchmark(name, run => MeasureAsync(run, name, frames));

    private static async Task MeasureAsync(BenchmarkRun run, string export, int frames)
    {
        var few = await RunAsync(export, FewFrames, run.Cancellation);
        var many = await RunAsync(export, frames, run.Cancellation);
        run.Rows.Add(Row.Maximum(
            FormattableString.Invariant(
                $"peak memory, {export}, {frames:N0} frames ({many.Megabytes:N0} MB)"),
            many.Peak, "MB", MemoryGoalMegabytes));
        run.Rows.Add(new Row(
            FormattableString.Invariant($"peak memory, {export}, {FewFrames:N0} frames"), Row.Text(few.Peak, "MB")));
        run.Rows.Add(new Row($"rate, {export}", Row.Text(frames / many.Seconds, "frames/s")));
    }

    private static async Task<(double Seconds, double Peak, double Megabytes)> RunAsync(
        string export, int frames, CancellationToken cancellationToken)
    {
        await using var program = ChildProgram.StartOwn(Role);
        await program.WriteLineAsync(FormattableString.Invariant($"{export} {frames}"), cancellationToken);
        var figures = (await program.ReadLineAsync(cancellationToken)).Split(' ')
            .Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return (figures[0], figures[1], figures[2]);
    }

    /// <summary>Results that are made while they are read, so that only the export needs memory.</summary>
    private sealed class GeneratedResults(int frames) : IExportSource
    {
        private const int FramesPerTrack = 50;

        public ExportedJob Job { get; } = new(
            "3f0c1c6e-6f3a-4f0e-9a52-0d4d1f1a2b3c", "generated.mp4",
            new VideoInfo { Width = 1920, Height = 1080, FrameRate = 25 }, FrameStride: 1, FramesPerSecond: 0);

        public IAsyncEnumerable<FrameResult> ReadFramesAsync(CancellationToken cancellationToken) =>
            Enumerable.Range(0, frames).Select(FrameOf).ToAsyncEnumerable();

        public IAsyncEnumerable<ObjectTrack> ReadObjectTracksAsync(CancellationToken cancellationToken) =>
            Enumerable.Range(0, frames / FramesPerTrack).Select(TrackOf).ToAsyncEnumerable();

        public IAsyncEnumerable<TextTrack> ReadTextTracksAsync(CancellationToken cancellationToken) =>
            Enumerable.Range(0, frames / FramesPerTrack).Select(TextOf).ToAsyncEnumerable();

        private static uint TimeOf(int frame) => (uint)frame * 40;

        private static BoundingBox BoxOf(int frame) => new()
        {
            X = frame % 1700 + 0.25f,
            Y = frame % 900 + 0.5f,
            Width = 81.5f,
            Height = 160.75f,
        };

        private static FrameResult FrameOf(int frame) => new()
        {
            FrameIndex = frame,
            FrameTimestampMs = TimeOf(frame),
            Result = new PipelineResult
            {
                Detections =
                {
                    new Detection
                    {
                        Label = "person",
                        Confidence = 0.8125f,
                        Box = BoxOf(frame),
                        TrackId = (frame / FramesPerTrack) + 1,
                    },
                    new Detection { Label = "car", ClassId = 2, Confidence = 0.5f, Box = BoxOf(frame + 7) },
                },
                TextRegions =
                {
                    new TextRegion
                    {
                        Text = $"GATE {frame % 100:00} NORTH", Confidence = 0.9f,
                        Polygon = { new Point(), new Point { X = 9 }, new Point { X = 9, Y = 9 }, new Point { Y = 9 } },
                    },
                },
            },
        };

        private static ObjectTrack TrackOf(int track) => new()
        {
            TrackId = track + 1,
            Label = "person",
            Confidence = 0.8f,
            FramesSeen = FramesPerTrack,
            First = PointOf(track * FramesPerTrack),
            Last = PointOf((track + 1) * FramesPerTrack - 1),
            Best = PointOf(track * FramesPerTrack),
        };

        private static TrackPoint PointOf(int frame) =>
            new() { FrameIndex = frame, FrameTimestampMs = TimeOf(frame), Box = BoxOf(frame) };

        private static TextTrack TextOf(int track) => new()
        {
            TrackId = track + 1,
            Text = $"GATE {track % 100:00} NORTH",
            First = new TextPoint { FrameTimestampMs = TimeOf(track * FramesPerTrack) },
            Last = new TextPoint { FrameTimestampMs = TimeOf((track + 2) * FramesPerTrack) },
        };
    }

    private sealed class CountingStream : MemoryStream
    {
        public long Written { get; private set; }

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written += buffer.Length;
            return ValueTask.CompletedTask;
        }
    }
}
