using System.Buffers;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Http;

/// <summary>
/// A message of which one field is the body, byte for byte; the others are in the path and the query. The length comes
/// first, so that one that is too large is refused before any of its bytes.
/// </summary>
/// <param name="request">The HTTP request.</param>
/// <param name="route">Its route.</param>
/// <param name="pathValues">What its path has for the variables of the route.</param>
internal sealed class BytesBody(
    HttpRequest request, HttpRoute route, IReadOnlyDictionary<string, string> pathValues)
    : FramedBody(request, route, pathValues)
{
    private bool _isBegun;
    private long _missing;

    /// <inheritdoc />
    protected override async ValueTask<bool> FillAsync(
        IBufferWriter<byte> frames, CancellationToken cancellationToken)
    {
        if (!_isBegun)
        {
            _isBegun = true;
            _missing = RequireLength();
            WriteHead(frames);
            return _missing == 0;
        }

        var read = await ReadBodyAsync(cancellationToken);
        foreach (var piece in read.Buffer)
        {
            frames.Write(piece.Span);
        }

        _missing -= read.Buffer.Length;
        Request.BodyReader.AdvanceTo(read.Buffer.End);
        return _missing == 0 || read.IsCompleted;
    }

    private long RequireLength()
    {
        var type = Request.ContentType ?? "";
        var isBytes = type.Length == 0
            || type.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            || type.StartsWith("video/", StringComparison.OrdinalIgnoreCase);
        if (!isBytes || Request.Headers.ContentEncoding.Count > 0)
        {
            throw WrongContent("the bytes (application/octet-stream)");
        }

        return Request.ContentLength ?? throw new ServiceException(
            ErrorReason.MalformedRequest, "The length of the bytes has to be known ahead: send Content-Length.");
    }

    /// <summary>Everything but the bytes: the prefix, the other fields, tag and length of the field.</summary>
    private void WriteHead(IBufferWriter<byte> frames)
    {
        using var head = new MemoryStream();
        using (var output = new CodedOutputStream(head, leaveOpen: true))
        {
            ReadFields().ToMessage(elsewhere: Route.BytesField).WriteTo(output);
            output.WriteTag(Route.BytesField!.FieldNumber, WireFormat.WireType.LengthDelimited);
            output.WriteUInt64((ulong)_missing);
        }

        WritePrefix(frames, head.Length + _missing);
        frames.Write(head.GetBuffer().AsSpan(0, (int)head.Length));
    }
}
