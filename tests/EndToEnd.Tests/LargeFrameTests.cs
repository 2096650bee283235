using ForegSyte.Client;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Videos with large frames keep to the memory budget of the InferenceService.</summary>
public sealed class LargeFrameTests
{
    private const int Mebibyte = 1024 * 1024;

    /// <summary>Less than two segments of 4096x4096 need.</summary>
    private const long Budget = 1600L * Mebibyte;

    /// <summary>Less than a decoder with four pictures of 8192x8192 needs.</summary>
    private const long SmallBudget = 480L * Mebibyte;

    /// <summary>Models at work and the runtime, above what the idle service has.</summary>
    private const long Overhead = 700L * Mebibyte;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_OfLargeFrames_StayWithinTheBudgetAndReturnIt()
    {
        await using var services = With(Budget);
        var clip = await BlackAsync(services, "4096x4096", 24);
        await services.StartAsync();
        var idle = MemoryOf(services);
        await using var client = services.Client();
        var options = new SubmitOptions { PipelineId = "ocr_only" };
        var jobs = new List<Job>();
        for (var i = 0; i < 3; i++)
        {
            jobs.Add(await client.SubmitFileAsync(clip, options, cancellationToken: Token));
        }

        long peak = 0;
        await Wait.ForAsync(
            async () =>
            {
                peak = Math.Max(peak, MemoryOf(services));
                return await client.GetJobAsync(jobs[0].JobId, cancellationToken: Token);
            },
            job => job.Status is JobStatus.Completed or JobStatus.Failed || job.Progress.FramesDone > 0,
            "the first job has results");
        foreach (var job in jobs)
        {
            await client.CancelJobAsync(job.JobId, cancellationToken: Token);
        }

        await Wait.UntilAsync(
            () => MemoryOf(services) is var now && (peak = Math.Max(peak, now)) > 0 && now < idle + Overhead,
            "the memory is returned after the cancellation");
        Assert.InRange(peak, idle, idle + Overhead + Budget);
    }

    [Fact]
    public async Task Job_ThatCannotFit_IsRefusedWithTheOption()
    {
        await using var services = With(SmallBudget);
        var clip = await BlackAsync(services, "8192x8192", 2);
        await services.StartAsync();
        await using var client = services.Client();
        var job = await client.SubmitFileAsync(
            clip, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);

        job = await Wait.ForAsync(
            () => client.GetJobAsync(job.JobId, cancellationToken: Token),
            seen => seen.Status == JobStatus.Failed,
            "the job fails");

        Assert.Contains("Memory:BudgetBytes", job.ErrorMessage, StringComparison.Ordinal);
        Assert.Single(job.Attempts);
        Assert.InRange(MemoryOf(services), 1, 1024L * Mebibyte);
    }

    private static Installation With(long budget) => new(
        new Dictionary<string, string> { ["Dispatch:SegmentFrames"] = "4" },
        new Dictionary<string, string>
        {
            ["Memory:BudgetBytes"] = FormattableString.Invariant($"{budget}"),
            ["Video:MaxFramePixels"] = "67108864",
        });

    private static Task<string> BlackAsync(Installation services, string size, int frames) => Clips.MakeAsync(
        Path.Combine(services.Inbox, "black.mp4"),
        "-f", "lavfi", "-i", $"color=black:s={size}:r=25", "-frames:v", FormattableString.Invariant($"{frames}"),
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "4");

    /// <summary>Resident memory of the service and of all its children.</summary>
    private static long MemoryOf(Installation services)
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && Field(id, "PPid:") is { } parent)
            {
                parents[id] = (int)parent;
            }
        }

        return parents.Keys.Where(IsOfService).Sum(id => (Field(id, "VmRSS:") ?? 0) * 1024);

        bool IsOfService(int id)
        {
            while (id != services.InferenceService.Id && parents.TryGetValue(id, out var parent))
            {
                id = parent;
            }

            return id == services.InferenceService.Id;
        }
    }

    private static long? Field(int process, string name)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/status")
                .Where(line => line.StartsWith(name, StringComparison.Ordinal))
                .Select(line => long.Parse(
                    line[name.Length..].Replace("kB", "", StringComparison.Ordinal),
                    System.Globalization.CultureInfo.InvariantCulture))
                .Cast<long?>()
                .FirstOrDefault();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The process has ended.
            return null;
        }
    }
}
