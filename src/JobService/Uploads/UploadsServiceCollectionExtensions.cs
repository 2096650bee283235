using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Messages;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Uploads;

/// <summary>Registers the services that receive uploads.</summary>
internal static class UploadsServiceCollectionExtensions
{
    private const string UploadPart = "/foregsyte.v1.UploadService/UploadPart";

    /// <summary>Room in an UploadPart message for everything but the data, in bytes.</summary>
    private const int EnvelopeBytes = 1 << 10;

    public static void AddUploads(this IServiceCollection services)
    {
        services.AddCheckedOptions<UploadOptions>(UploadOptions.Section);
        services.AddOptions<MessageSizeLimits>().Configure<IOptions<UploadOptions>>((limits, upload) =>
            limits.Methods[UploadPart] = new MessageSizeLimit(
                upload.Value.MaxPartBytes + EnvelopeBytes,
                "Send smaller parts, of at most Upload.max_part_bytes (option Upload:MaxPartBytes).",
                "Upload:MaxPartBytes"));
        services.AddOptions<UploadFolder>();
        services.AddSingleton<UploadHashing>();
        services.AddSingleton<UploadFiles>();
        services.AddSingleton<UploadStore>();
        services.AddSingleton<PartWriter>();
        services.AddSingleton<IUploadOwners, SoleUploadOwner>();
        services.AddHostedService<UploadRecovery>();
    }
}
