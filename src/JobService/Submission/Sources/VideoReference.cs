using Google.Protobuf;

namespace ForegSyte.Jobs.Submission.Sources;

/// <summary>Where a submission says that its video is. A closed family: one for each field of the oneof.</summary>
internal abstract record VideoReference
{
    private VideoReference()
    {
    }

    /// <summary>The bytes are in the request.</summary>
    public sealed record Inline(ByteString Content) : VideoReference;

    /// <summary>The server is to fetch the video.</summary>
    public sealed record Remote(string Uri) : VideoReference;

    /// <summary>The bytes came in parts.</summary>
    /// <param name="UploadId">The upload.</param>
    /// <param name="VisibleTenant">The one tenant whose uploads the caller sees; null for all.</param>
    public sealed record Upload(Guid UploadId, string? VisibleTenant) : VideoReference;
}
