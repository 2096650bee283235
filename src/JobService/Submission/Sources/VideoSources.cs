using System.Diagnostics;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Fetching;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Uploads;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>Finds the source that a submission refers to.</summary>
internal sealed class VideoSources(
    AllowedRoots roots, UploadStore uploads, VideoFetcher fetcher, IStorage storage, VideoChecks checks)
{
    /// <summary>Opens the source. Nothing of the video is read yet.</summary>
    /// <exception cref="ServiceException">There is no such source, or this server does not allow it.</exception>
    public async ValueTask<IVideoSource> OpenAsync(VideoReference reference, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return reference switch
        {
            VideoReference.Inline inline => new InlineSource(inline.Content, storage, checks),
            VideoReference.Remote remote when IsFile(remote.Uri) =>
                new FileSource(remote.Uri, roots.Open(remote.Uri), storage, checks),
            VideoReference.Remote remote =>
                new RemoteSource(remote.Uri, fetcher.Locate(remote.Uri), fetcher, storage, checks),
            VideoReference.Upload upload => new UploadSource(
                upload.UploadId,
                await uploads.TryBeginCompletionAsync(upload.UploadId, upload.VisibleTenant, cancellationToken),
                storage,
                checks),
            _ => throw new UnreachableException(),
        };
    }

    private static bool IsFile(string uri) => uri.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
}
