using ForegSyte.Client.Uploads;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client;

/// <content>How files are sent.</content>
public sealed partial class ForegSyteClient
{
    /// <summary>
    /// The quickest way first. A way that this server does not allow for this file is no failure, but a reason to take
    /// the next one.
    /// </summary>
    private async Task<Job> SubmitAutomaticallyAsync(
        FileInfo file,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (file.Length <= _options.MaxInlineBytes
            && await UnlessAsync(
                SubmitContentAsync(file, options, cancellationToken), ErrorReason.MessageTooLarge) is { } inline)
        {
            return inline;
        }

        if (_options.Addresses.All(address => address.IsLoopback)
            && await UnlessAsync(
                SubmitVideoAsync(new Uri(file.FullName), options, cancellationToken),
                ErrorReason.SourceNotAllowed,
                ErrorReason.SourceNotFound,
                ErrorReason.UnsupportedUri) is { } local)
        {
            return local;
        }

        return await UploadAsync(file, options, progress, cancellationToken);
    }

    private async Task<Job> SubmitContentAsync(
        FileInfo file, SubmitOptions options, CancellationToken cancellationToken) =>
        file.Length > _options.MaxInlineBytes
            ? throw TooLarge(file.Length)
            : await SubmitVideoAsync(
                await File.ReadAllBytesAsync(file.FullName, cancellationToken), options, cancellationToken);

    private async Task<Job> UploadAsync(
        FileInfo info,
        SubmitOptions options,
        IProgress<UploadProgress>? progress,
        CancellationToken cancellationToken)
    {
        using var file = VideoFile.Open(info.FullName);
        await file.RequireMp4Async(cancellationToken);
        await RequirePipelineAsync(options.PipelineId, cancellationToken);
        using var state = UploadState.Open(
            _options.Uploads.StateFolder, Address, file.Path, _options.TimeProvider.GetUtcNow());
        var upload = new FileUpload(
            new UploadCalls(_uploadService, _calls, _options),
            (uploadId, token) => SubmitUploadAsync(uploadId, options, token),
            CancelJobAsync,
            file,
            state,
            new UploadTally(file.SizeBytes, progress),
            _options);
        return await upload.RunAsync(cancellationToken);
    }

    private async Task<Job> SubmitUploadAsync(
        string uploadId, SubmitOptions options, CancellationToken cancellationToken)
    {
        var request = RequestFor(options);
        request.UploadId = uploadId;
        if (options.RequestId is null)
        {
            request.RequestId = "";
            request.RequestId = RequestIds.Of(request);
        }

        var response = await _calls.RunAsync(
            _options.Uploads.CompletionDeadline,
            call => _service.SubmitVideoAsync(request, call),
            // Busy: an attempt whose answer was lost, or one of a process that was ended, is at work on it.
            failure => failure.Reason == ErrorReason.UploadBusy
                || (options.WaitWhileQueueFull && failure.Reason == ErrorReason.QueueFull),
            cancellationToken);
        return response.Job;
    }

    /// <summary>Nobody should learn of a misspelt pipeline when an hour of sending is over.</summary>
    private async Task RequirePipelineAsync(string pipelineId, CancellationToken cancellationToken)
    {
        var pipelines = await ListPipelinesAsync(cancellationToken);
        if (pipelines.All(pipeline => pipeline.Id != pipelineId))
        {
            var known = string.Join(", ", pipelines.Select(pipeline => pipeline.Id));
            throw new ForegSyteException(
                StatusCode.InvalidArgument, $"There is no pipeline '{pipelineId}'; there are {known}.")
            {
                Reason = ErrorReason.UnknownPipeline,
                ReasonText = "UNKNOWN_PIPELINE",
            };
        }
    }

    /// <summary>The job; null where the server refuses for one of these reasons.</summary>
    private static async Task<Job?> UnlessAsync(Task<Job> submission, params ErrorReason[] reasons)
    {
        try
        {
            return await submission;
        }
        catch (ForegSyteException failure) when (reasons.Contains(failure.Reason))
        {
            return null;
        }
    }
}
