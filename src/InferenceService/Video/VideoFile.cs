using System.Runtime.InteropServices;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Files;
using ForegSyte.Inference.RemoteVideos;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Inference.Video;

/// <summary>
/// A video that is open: the check, the probe and every decoder of a call get this very file, even if its path has come
/// to mean another one.
/// </summary>
internal sealed class VideoFile : IDisposable
{
    private readonly OpenedPath _opened;
    private readonly string? _uri;

    private VideoFile(OpenedPath opened, string path, string? uri) => (_opened, Path, _uri) = (opened, path, uri);

    /// <summary>Path of the file without links at the time when it was opened.</summary>
    public string Path { get; }

    /// <summary>The descriptor; null on systems without O_PATH.</summary>
    public SafeHandle? Descriptor => _opened.Descriptor;

    /// <summary>A path that opens this file in this process, and in a child that inherits the descriptor.</summary>
    public string DescriptorPath => _opened.DescriptorPath;

    /// <summary>The remote video of which this is the sparse file; null for a video on this machine.</summary>
    public RemoteVideo? Remote { get; private init; }

    /// <summary>Whether it is a regular file: not a folder, named pipe, socket or device.</summary>
    public bool IsRegular => _opened.IsRegular;

    /// <summary>Opens a video; its content is not read yet.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="uri">The URI in the request, which errors name; null if there is no request.</param>
    /// <exception cref="ServiceException">SOURCE_NOT_FOUND.</exception>
    public static VideoFile Open(string path, string? uri = null)
    {
        OpenedPath? opened = null;
        try
        {
            opened = OpenedPath.Find(path);
            return new VideoFile(opened, opened.RealPath ?? path, uri);
        }
        catch (IOException failure)
        {
            opened?.Dispose();
            throw NotFound(uri, failure);
        }
    }

    /// <summary>Opens the sparse file of a remote video, and takes the video over.</summary>
    /// <exception cref="ServiceException">SOURCE_NOT_FOUND.</exception>
    public static VideoFile Open(RemoteVideo remote)
    {
        try
        {
            var opened = OpenedPath.Find(remote.Path);
            return new VideoFile(opened, opened.RealPath ?? remote.Path, remote.ShownUri) { Remote = remote };
        }
        catch (IOException failure)
        {
            remote.Dispose();
            throw NotFound(remote.ShownUri, failure);
        }
    }

    /// <summary>Opens the content.</summary>
    /// <exception cref="ServiceException">SOURCE_NOT_FOUND, SOURCE_NOT_ALLOWED.</exception>
    public FileStream OpenRead()
    {
        try
        {
            return _opened.OpenRead();
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NotFound(_uri, failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new ServiceException(
                ErrorReason.SourceNotAllowed,
                "The service has no permission to read the video file. Let its account read the file.",
                failure);
        }
    }

    /// <summary>
    /// Fetches what decoders will read of a remote video; returns whether all other bytes are there too.
    /// </summary>
    /// <param name="index">The index.</param>
    /// <param name="parts">What each decoder will read; each wants a frame at least.</param>
    /// <param name="cancellationToken">Ends the fetch.</param>
    /// <exception cref="ServiceException">Those of <see cref="RemoteVideo.FetchFramesAsync"/>.</exception>
    public async Task<bool> FetchFramesAsync(
        VideoIndex index, IEnumerable<DecodePlan> parts, CancellationToken cancellationToken)
    {
        if (Remote is not { } remote)
        {
            return true;
        }

        await remote.FetchFramesAsync(
            index.Info.TrackId,
            parts.Select(part => (
                part.SeekTo is { } start ? start.Position ?? -1 : (long?)null,
                Enumerable.Range(part.FirstWanted, part.LastWanted + 1 - part.FirstWanted).Select(index.PositionOf))),
            cancellationToken);
        return remote.IsWhole;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _opened.Dispose();
        Remote?.Dispose();
    }

    /// <summary>SOURCE_NOT_FOUND.</summary>
    public static ServiceException NotFound(string? uri, Exception? cause = null) =>
        new(ErrorReason.SourceNotFound, "The server has no such video file. Check the URI.", cause)
        {
            Resource = uri is null ? null : ("file", uri),
        };
}
