using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Outbound;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Inference;

/// <summary>Registers the pool of InferenceServices and the pipelines of jobs.</summary>
internal static class InferenceServiceCollectionExtensions
{
    public static void AddInferenceClient(this IServiceCollection services)
    {
        services.AddCheckedOptions<InferenceOptions>(InferenceOptions.Section, InferenceOptions.TlsSubsection)
            .PostConfigure(AddDefaultAddress)
            .Validate(
                // An empty text binds as null.
                options => options.Addresses.All(address => address is not null && IsAddress(address)),
                "Inference:Addresses must hold absolute http, https or unix addresses, for example "
                + "http://127.0.0.1:5201 or unix:/run/foregsyte/inference.sock.")
            .Validate(
                options => options.Addresses.Count <= InferenceOptions.MaxAddresses
                    && options.Addresses.Distinct().Count() == options.Addresses.Count,
                $"Inference:Addresses must hold at most {InferenceOptions.MaxAddresses} different addresses.")
            .Validate(
                options => options.ResolveInterval == TimeSpan.Zero || options.ResolveInterval.TotalSeconds >= 1,
                "Inference:ResolveInterval must be 0 or at least 1s.");
        services.AddCheckedOptions<ClientTlsOptions>(InferenceOptions.TlsSection)
            .Validate(
                options => string.IsNullOrEmpty(options.KeyFile) || !string.IsNullOrEmpty(options.CertificateFile),
                "Inference:Tls:KeyFile requires Inference:Tls:CertificateFile.");
        services.AddSingleton<InferenceChannels>();
        services.AddCheckedOptions<PipelineOptions>(PipelineOptions.Section);
        services.AddSingleton(CreatePool);
        services.AddSingleton<IInferenceClient>(provider => provider.GetRequiredService<InferencePool>());
        services.AddHostedService(provider => provider.GetRequiredService<InferencePool>());
        services.AddSingleton<INameResolver, SystemNameResolver>();
        services.AddSingleton<Func<InferenceAddress, IInferenceInstance>>(provider => address =>
            ActivatorUtilities.CreateInstance<GrpcInferenceInstance>(provider, address));
        services.AddHostedService<InferenceDiscovery>();
        services.AddSingleton(provider => new PipelineDirectory(provider.GetRequiredService<DataDirectory>()
            .File(provider.GetRequiredService<IOptions<PipelineOptions>>().Value.Directory)));
    }

    /// <summary>Binding appends to a list, so a default in the list would stay beside configured addresses.</summary>
    private static void AddDefaultAddress(InferenceOptions options)
    {
        if (options.Addresses.Count == 0)
        {
            options.Addresses.Add(InferenceOptions.DefaultAddress);
        }
    }

    private static InferencePool CreatePool(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<InferenceOptions>>().Value;
        var open = provider.GetRequiredService<Func<InferenceAddress, IInferenceInstance>>();
        return ActivatorUtilities.CreateInstance<InferencePool>(
            provider, InferenceAddress.Fixed(options).Select(open).ToList());
    }

    private static bool IsAddress(Uri address) =>
        address.IsAbsoluteUri && address.Scheme is "http" or "https" or "unix";
}
