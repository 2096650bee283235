using ForegSyte.Client.Calls;
using ForegSyte.Protocol.Tracing;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace ForegSyte.Client;

/// <summary>
/// A typed client of a ForegSyte JobService. Create one and share it: it is thread-safe and keeps the connection. It
/// retries calls while the server is UNAVAILABLE; every other failure is a <see cref="ForegSyteException"/>.
/// </summary>
/// <remarks>
/// For tests of your code, override the methods that it calls, by hand or with a mocking library. A method that is not
/// overridden and needs a server throws <see cref="NotImplementedException"/>.
/// </remarks>
/// <example>
/// <code>
/// await using var client = new ForegSyteClient();
/// var job = await client.SubmitFileAsync("video.mp4", new SubmitOptions { PipelineId = "yolo_ocr" });
/// job = await client.WaitForCompletionAsync(job.JobId);
/// await foreach (var frame in client.GetResultsAsync(job.JobId)) { … }
/// </code>
/// </example>
public partial class ForegSyteClient : IAsyncDisposable, IDisposable
{
    private readonly ForegSyteClientOptions _options;
    private readonly GrpcChannel? _channel;
    private readonly JobService.JobServiceClient _service;
    private readonly UploadService.UploadServiceClient _uploadService;
    private readonly SearchService.SearchServiceClient _searchService;

    /// <summary>Creates a client. It connects with the first call.</summary>
    /// <param name="options">Options; null means the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    public ForegSyteClient(ForegSyteClientOptions? options = null)
    {
        _options = (options ?? new ForegSyteClientOptions()).Copy();
        _options.Validate();
        _channel = ChannelFactory.Create(_options);
        var calls = _channel.Intercept(new CallTracing(ForegSyteTraces.Source));
        _service = new JobService.JobServiceClient(calls);
        _uploadService = new UploadService.UploadServiceClient(calls);
        _searchService = new SearchService.SearchServiceClient(calls);
    }

    /// <summary>Creates a client without a connection, for mocks and other subclasses in tests.</summary>
    protected ForegSyteClient()
    {
        _options = new ForegSyteClientOptions();
        var calls = new UnmockedCalls();
        _service = new JobService.JobServiceClient(calls);
        _uploadService = new UploadService.UploadServiceClient(calls);
        _searchService = new SearchService.SearchServiceClient(calls);
    }

    /// <summary>Address of the server; the first of several.</summary>
    public virtual Uri Address => _options.Address;

    /// <summary>Reads one job.</summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="view">How much of the job to read.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, or the server could not be reached.
    /// </exception>
    public virtual async Task<Job> GetJobAsync(
        string jobId,
        JobView view = JobView.Full,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        var request = new GetJobRequest { JobId = jobId, View = view };
        var response = await CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _service.GetJobAsync(request, call), cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Waits for one change with a long poll: returns when the etag of the job differs from the given etag (at once if
    /// that is empty), or the unchanged job after the timeout.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="etag">Etag of the last known state; empty for none.</param>
    /// <param name="timeout">
    /// Time to wait, at most 60 seconds; null means <see cref="ForegSyteClientOptions.LongPollTimeout"/>.
    /// </param>
    /// <param name="view">How much of the job to read.</param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, or the server could not be reached.
    /// </exception>
    public virtual async Task<Job> WaitJobAsync(
        string jobId,
        string etag = "",
        TimeSpan? timeout = null,
        JobView view = JobView.Full,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(etag);
        var wait = timeout ?? _options.LongPollTimeout;
        var request = new WaitJobRequest { JobId = jobId, Etag = etag, Timeout = wait.ToDuration(), View = view };
        var calls = CallsWith(callOptions);
        var response = await calls.RunAsync(
            calls.DeadlineAfter(_options.LongPollGrace, longPoll: wait),
            call => _service.WaitJobAsync(request, call),
            static _ => false,
            cancellationToken);
        return response.Job;
    }

    /// <summary>
    /// Yields the job now and after every change. The sequence ends when the job is terminal (completed, failed or
    /// cancelled). An outage of the server up to <see cref="ForegSyteClientOptions.MaxOutage"/> does not end it.
    /// </summary>
    /// <remarks>
    /// A change of the wait reason, for example of the position in the queue, does not end a long poll. The sequence
    /// yields it when the long poll ends.
    /// </remarks>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="timeout">
    /// Time limit of the watch; null means <see cref="ForegSyteClientOptions.WatchTimeout"/>.
    /// </param>
    /// <param name="view">How much of the job to read.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the watch, not the job.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, INVALID_FIELD, an outage longer than MaxOutage, or DEADLINE_EXCEEDED after the timeout.
    /// </exception>
    public virtual IAsyncEnumerable<Job> WatchJobAsync(
        string jobId,
        TimeSpan? timeout = null,
        JobView view = JobView.Full,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        var calls = CallsWith(callOptions);
        var watcher = new JobWatcher(WaitOnceAsync, calls, _options);
        return watcher.WatchAsync(jobId, timeout ?? _options.WatchTimeout, cancellationToken);

        async Task<Job> WaitOnceAsync(string etag, TimeSpan wait, CancellationToken token)
        {
            var request = new WaitJobRequest { JobId = jobId, Etag = etag, Timeout = wait.ToDuration(), View = view };
            var response = await calls.OnceAsync(
                calls.DeadlineAfter(_options.LongPollGrace, longPoll: wait),
                call => _service.WaitJobAsync(request, call),
                token);
            return response.Job;
        }
    }

    /// <summary>
    /// Waits until the job is terminal and returns it. A failed or cancelled job is not an exception: check its status.
    /// </summary>
    /// <inheritdoc cref="WatchJobAsync"/>
    public virtual async Task<Job> WaitForCompletionAsync(
        string jobId,
        TimeSpan? timeout = null,
        JobView view = JobView.Full,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default) =>
        await WatchJobAsync(jobId, timeout, view, callOptions, cancellationToken).LastAsync(cancellationToken);

    /// <summary>
    /// Reads the results of a job, one item for each analyzed frame; reads further pages on demand. For a running job
    /// it yields the results of finished segments, then waits for further segments. If the job fails or is cancelled,
    /// the sequence ends after the last finished segment: check the status of the job.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="startFrame">Minimum index of the first frame. Not negative.</param>
    /// <param name="callOptions">Options of each call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the reading, not the job.</param>
    /// <exception cref="ForegSyteException">
    /// JOB_NOT_FOUND, RESULTS_NOT_READY (the job ended without results), RESULTS_DAMAGED, INVALID_FIELD, or the server
    /// could not be reached.
    /// </exception>
    public virtual IAsyncEnumerable<FrameResult> GetResultsAsync(
        string jobId,
        int startFrame = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        return ReaderOf(jobId, startFrame, callOptions).ReadAsync(waitForFirst: false, cancellationToken);
    }

    /// <summary>
    /// Reads the results like <see cref="GetResultsAsync"/>. With a server of an earlier version, which answers
    /// RESULTS_NOT_READY before the first segment is finished, it waits where GetResultsAsync throws.
    /// </summary>
    /// <inheritdoc cref="GetResultsAsync"/>
    public virtual IAsyncEnumerable<FrameResult> FollowResultsAsync(
        string jobId,
        int startFrame = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        return ReaderOf(jobId, startFrame, callOptions).ReadAsync(waitForFirst: true, cancellationToken);
    }

    /// <summary>
    /// Reads one page of results without waiting. An empty page with a token means that the job is still running: call
    /// <see cref="WaitJobAsync"/> before you read the page again.
    /// </summary>
    /// <param name="jobId">Id of the job, a UUID.</param>
    /// <param name="pageToken">NextPageToken of the previous page; empty for the first page.</param>
    /// <param name="startFrame">
    /// Minimum index of the first frame; used for the first page only. Not negative.
    /// </param>
    /// <param name="pageBytes">
    /// Maximum size of the page in bytes; 0 means the server's default of 1 MiB, more than 3 MiB means 3 MiB.
    /// </param>
    /// <param name="callOptions">Options of the call; null means those of the client.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ForegSyteException">Those of <see cref="GetResultsAsync"/>, and INVALID_PAGE_TOKEN.</exception>
    public virtual Task<GetJobResultsResponse> GetResultsPageAsync(
        string jobId,
        string pageToken = "",
        int startFrame = 0,
        int pageBytes = 0,
        ForegSyteCallOptions? callOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(jobId);
        ArgumentNullException.ThrowIfNull(pageToken);
        var request = new GetJobResultsRequest
        {
            JobId = jobId,
            PageToken = pageToken,
            StartFrame = pageToken.Length == 0 ? startFrame : 0,
            PageBytes = pageBytes,
        };
        return CallsWith(callOptions).RunAsync(
            _options.ReadDeadline, call => _service.GetJobResultsAsync(request, call), cancellationToken);
    }

    /// <summary>Closes the connection and cancels active calls.</summary>
    public virtual void Dispose()
    {
        _channel?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="Dispose"/>
    public virtual ValueTask DisposeAsync()
    {
        Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private CallRunner CallsWith(ForegSyteCallOptions? callOptions) => new(_options, callOptions);

    private ResultsReader ReaderOf(string jobId, int startFrame, ForegSyteCallOptions? callOptions) => new(
        (pageToken, token) => GetResultsPageAsync(
            jobId, pageToken, startFrame, callOptions: callOptions, cancellationToken: token),
        (etag, token) => WaitJobAsync(
            jobId, etag, view: JobView.Basic, callOptions: callOptions, cancellationToken: token),
        _options);
}
