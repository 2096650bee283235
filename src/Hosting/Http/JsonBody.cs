using System.Buffers;
using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace ForegSyte.Hosting.Http;

/// <summary>A message whose fields are in the path, the query and, where the route has one, a JSON body.</summary>
/// <param name="request">The HTTP request.</param>
/// <param name="route">Its route.</param>
/// <param name="pathValues">What its path has for the variables of the route.</param>
/// <param name="maxBytes">Largest body (option Http:MaxJsonBytes).</param>
internal sealed class JsonBody(
    HttpRequest request, HttpRoute route, IReadOnlyDictionary<string, string> pathValues, int maxBytes)
    : FramedBody(request, route, pathValues)
{
    /// <inheritdoc />
    protected override async ValueTask<bool> FillAsync(
        IBufferWriter<byte> frames, CancellationToken cancellationToken)
    {
        var fields = ReadFields();
        if (Route.HasJsonBody)
        {
            await AddBodyAsync(fields, cancellationToken);
        }

        var message = fields.ToMessage();
        WritePrefix(frames, message.CalculateSize());
        message.WriteTo(frames);
        return true;
    }

    private async ValueTask AddBodyAsync(RequestFields fields, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadBodyAsync(cancellationToken);
            var isTooLarge = read.Buffer.Length > maxBytes;
            if (!isTooLarge && !read.IsCompleted)
            {
                Request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            var json = isTooLarge ? [] : read.Buffer.ToArray();
            Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (isTooLarge)
            {
                throw TooLarge();
            }

            if (json.Length > 0)
            {
                RequireJson();
                fields.AddJson(json);
            }

            return;
        }
    }

    private void RequireJson()
    {
        if (!Request.HasJsonContentType() || Request.Headers.ContentEncoding.Count > 0)
        {
            throw WrongContent("application/json");
        }
    }

    private ServiceException TooLarge()
    {
        const string option = $"{HttpOptions.Section}:{nameof(HttpOptions.MaxJsonBytes)}";
        var limit = maxBytes.ToString(CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.MessageTooLarge,
            $"The JSON body has more than its limit of {limit} bytes (option {option}). Send the bytes of videos as a "
            + "body of their own: POST /v1/jobs:content, or an upload.")
        {
            Metadata = new Dictionary<string, string> { ["option"] = option, ["limit"] = limit },
        };
    }
}
