using System.CommandLine;
using ForegSyte.Benchmarks.Processes;
using ForegSyte.Client;
using ForegSyte.Testing;

namespace ForegSyte.Benchmarks.Uploads;

/// <summary>
/// The command `uploads`: rate and memory of the upload of one large video, in turn with a plain copy.
/// </summary>
internal static class UploadBenchmark
{
    private const double RateGoalMegabytes = 300;
    private const double MemoryGoalMegabytes = 100;
    private const long WarmUpBytes = 200_000_000;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(15);

    public static Command Command()
    {
        var gigabytes = new Option<double>("--gigabytes")
        {
            Description = "Size of the video in GB (1,000,000,000 bytes).",
            DefaultValueFactory = _ => 1,
        };
        var rounds = new Option<int>("--rounds")
        {
            Description = "Number of rounds.",
            DefaultValueFactory = _ => BenchmarkRun.Rounds,
        };
        var command = new Command("uploads", "Measures uploads.") { gigabytes, rounds };
        command.SetAction((arguments, cancellationToken) =>
        {
            var sizeBytes = (long)(arguments.GetValue(gigabytes) * 1e9);
            var count = arguments.GetValue(rounds);
            return BenchmarkRun.RunAsync(
                "bench-uploads", TimeLimit,
                run =>
                {
                    var uploads = new UploadOptions();
                    run.Facts.Add(FormattableString.Invariant(
                        $"{count} rounds; {uploads.Parallelism} parts of {uploads.PartBytes} bytes at a time"));
                    return Task.FromResult<IEnumerable<Benchmark>>(
                        [new Benchmark("uploads", run => MeasureAsync(run, sizeBytes, count))]);
                },
                cancellationToken);
        });
        return command;
    }

    private static async Task MeasureAsync(BenchmarkRun run, long sizeBytes, int rounds)
    {
        await using var service = await JobServiceProcess.StartAsync(run.Folder.File("data"), run.Cancellation);
        var idle = service.Memory.Peak;
        await BenchmarkRun.LogAsync("uploads: warming up");
        var small = await BigVideo.MakeAsync(run.Folder.File("small.mp4"), WarmUpBytes, run.Cancellation);
        await UploadAsync(service, small, run.Cancellation);
        var afterWarmUp = service.Memory.Peak;

        await BenchmarkRun.LogAsync("uploads: creating the video");
        var video = await BigVideo.MakeAsync(run.Folder.File("video.mp4"), sizeBytes, run.Cancellation);
        var (copies, uploads) = (new List<double>(), new List<Upload>());
        for (var round = 0; round < rounds; round++)
        {
            video.Stamp(round);
            copies.Add(await CopyAsync(run.Folder, video));
            uploads.Add(await UploadAsync(service, video, run.Cancellation));
            var upload = uploads[^1];
            await BenchmarkRun.LogAsync(FormattableString.Invariant($"uploads: copy {copies[^1]:F0} MB/s, {upload}"));
        }

        var what = FormattableString.Invariant($"upload and SubmitVideo, {sizeBytes / 1e9:G3} GB");
        var rate = uploads.Select(upload => upload.MegabytesPerSecond).Median();
        run.Rows.Add(Row.Minimum(what, rate, "MB/s", RateGoalMegabytes));
        run.Rows.Add(Row.Compared(what, rate, "MB/s", "plain copy with fsync", copies.Median()));
        run.Rows.Add(new Row(
            $"{what}: processor time of the server per GB",
            Row.Text(uploads.Select(upload => upload.ServerSeconds).Median(), "s")));
        run.Rows.Add(new Row(
            $"{what}: processor time of the client per GB",
            Row.Text(uploads.Select(upload => upload.ClientSeconds).Median(), "s")));
        run.Rows.Add(Row.AtMostAbove(
            $"{what}: peak memory of the server (VmHWM)", service.Memory.Peak, "MB", "after an upload of 0.2 GB",
            afterWarmUp, MemoryGoalMegabytes));
        run.Rows.Add(new Row("peak memory of the server before the first upload", Row.Text(idle, "MB")));
    }

    /// <summary>Uploads the video with the client's defaults, then deletes the job to free the disk.</summary>
    private static async Task<Upload> UploadAsync(
        JobServiceProcess service, BigVideo video, CancellationToken cancellationToken)
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions { Address = service.Address });
        var options = new SubmitOptions { PipelineId = "detect_only", Transfer = VideoTransfer.Upload };
        var (server, own) = (ProcessorTime.SecondsOf(service.Id), ProcessorTime.SecondsOf(Environment.ProcessId));
        var start = TimeProvider.System.GetTimestamp();
        var job = await client.SubmitFileAsync(video.Path, options, cancellationToken: cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        var gigabytes = video.SizeBytes / 1e9;
        var upload = new Upload(
            video.SizeBytes / 1e6 / elapsed.TotalSeconds,
            (ProcessorTime.SecondsOf(service.Id) - server) / gigabytes,
            (ProcessorTime.SecondsOf(Environment.ProcessId) - own) / gigabytes);
        await client.CancelJobAsync(job.JobId, cancellationToken: cancellationToken);
        await client.DeleteJobAsync(job.JobId, cancellationToken: cancellationToken);
        return upload;
    }

    /// <summary>Copies the video as cp does, calls fsync, and deletes the copy; returns MB per second.</summary>
    private static async Task<double> CopyAsync(WorkFolder folder, BigVideo video)
    {
        var copy = folder.File("copy.mp4");
        var start = TimeProvider.System.GetTimestamp();
        await Task.Run(() =>
        {
            File.Copy(video.Path, copy);
            using var handle = File.OpenHandle(copy, access: FileAccess.Write);
            RandomAccess.FlushToDisk(handle);
        });
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        File.Delete(copy);
        return video.SizeBytes / 1e6 / elapsed.TotalSeconds;
    }

    /// <summary>Figures of one upload; processor times are in seconds per GB.</summary>
    private sealed record Upload(double MegabytesPerSecond, double ServerSeconds, double ClientSeconds)
    {
        public override string ToString() => FormattableString.Invariant(
            $"upload {MegabytesPerSecond:F0} MB/s (server {ServerSeconds:F2} s, client {ClientSeconds:F2} s per GB)");
    }

    /// <summary>A valid MP4 of any size: a small clip, then a box of noise that players skip.</summary>
    private sealed class BigVideo
    {
        private readonly long _noiseStart;

        private BigVideo(string path, long sizeBytes, long noiseStart) =>
            (Path, SizeBytes, _noiseStart) = (path, sizeBytes, noiseStart);

        public string Path { get; }

        public long SizeBytes { get; }

        public static async Task<BigVideo> MakeAsync(string path, long sizeBytes, CancellationToken cancellationToken)
        {
            await Clips.MakeTestPictureAsync(path);
            var noiseStart = await Mp4Surgery.EnlargeAsync(path, sizeBytes, cancellationToken);
            return new BigVideo(path, sizeBytes, noiseStart);
        }

        /// <summary>Changes a few bytes, since the server stores identical videos once.</summary>
        public void Stamp(int number)
        {
            using var file = File.OpenHandle(Path, access: FileAccess.Write);
            RandomAccess.Write(file, BitConverter.GetBytes(number), _noiseStart);
            RandomAccess.FlushToDisk(file);
        }
    }
}
