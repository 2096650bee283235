using ForegSyte.Client;
using ForegSyte.Measuring;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>A server that videos are uploaded to, and what that cost.</summary>
/// <param name="name">What the table calls it.</param>
/// <param name="address">Where it listens.</param>
/// <param name="processId">Its process.</param>
internal sealed class UploadTarget(string name, Uri address, int processId)
{
    /// <summary>A pipeline that the server knows.</summary>
    public const string PipelineId = "detect_only";

    private readonly List<double> _megabytesPerSecond = [];
    private readonly List<double> _serverSeconds = [];
    private readonly List<double> _clientSeconds = [];

    public string Name => name;

    /// <summary>Middle rate.</summary>
    public double MegabytesPerSecond => _megabytesPerSecond.Median();

    /// <summary>Middle processor time of the server for a gigabyte, in seconds.</summary>
    public double ServerSecondsPerGigabyte => _serverSeconds.Median();

    /// <summary>Middle processor time of the client for a gigabyte, in seconds.</summary>
    public double ClientSecondsPerGigabyte => _clientSeconds.Median();

    /// <summary>Uploads the video and makes a job of it, with the client's defaults.</summary>
    /// <returns>Id of the job.</returns>
    public async Task<string> UploadAsync(BigVideo video, bool isMeasured, CancellationToken cancellationToken)
    {
        await using var client = new ForegSyteClient(new ForegSyteClientOptions { Address = address });
        var options = new SubmitOptions { PipelineId = PipelineId, Transfer = VideoTransfer.Upload };
        var (server, own) = (ProcessorTime.SecondsOf(processId), ProcessorTime.SecondsOf(Environment.ProcessId));
        var start = TimeProvider.System.GetTimestamp();
        var job = await client.SubmitFileAsync(video.Path, options, cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        if (isMeasured)
        {
            var gigabytes = video.SizeBytes / 1e9;
            _megabytesPerSecond.Add(video.SizeBytes / 1e6 / elapsed.TotalSeconds);
            _serverSeconds.Add((ProcessorTime.SecondsOf(processId) - server) / gigabytes);
            _clientSeconds.Add((ProcessorTime.SecondsOf(Environment.ProcessId) - own) / gigabytes);
        }

        return job.JobId;
    }
}
