using System.ComponentModel.DataAnnotations;
using System.Reflection;
using ForegSyte.Hosting.ConcurrencyLimits;
using ForegSyte.Hosting.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tenants;

/// <summary>Registers the limits of tenants.</summary>
internal static class TenantsServiceCollectionExtensions
{
    public static void AddTenants(this IServiceCollection services)
    {
        services.AddCheckedOptions<TenantOptions>(TenantOptions.Section);
        services.AddSingleton<IPostConfigureOptions<TenantOptions>, TenantOverrides>();
        services.AddSingleton<IValidateOptions<TenantOptions>, TenantOverrides>();
        services.AddSingleton<TenantSpace>();
        services.AddHostedService(provider => provider.GetRequiredService<TenantSpace>());
        services.AddOptions<TenantCallLimits>().Configure<IOptions<TenantOptions>, IOptions<CallOptions>>(
            (limits, tenants, calls) =>
            {
                limits.Running = Share(
                    nameof(TenantOptions.MaxRunningCalls), own => own.MaxRunningCalls, calls.Value.MaxRunning);
                limits.LongPolls = Share(
                    nameof(TenantOptions.MaxWaitingCalls), own => own.MaxWaitingCalls, calls.Value.MaxWaiting);
                limits.Downloads = Share(
                    nameof(TenantOptions.MaxDownloads), own => own.MaxDownloads, calls.Value.MaxDownloads);

                Func<string, TenantCallLimit> Share(string option, Func<TenantOptions, int> own, int server) =>
                    tenant => new TenantCallLimit(
                        TenantOptions.ShareOf(tenant, own(tenants.Value.For(tenant)), server),
                        tenants.Value.For(tenant).NameOf(option));
            });
    }
}

/// <summary>Completes the overrides of tenants with the options of all tenants, and validates them.</summary>
internal sealed class TenantOverrides(IConfiguration configuration)
    : IPostConfigureOptions<TenantOptions>, IValidateOptions<TenantOptions>
{
    private static readonly IReadOnlyList<PropertyInfo> Options =
        [.. typeof(TenantOptions).GetProperties().Where(property => property.CanWrite)];

    private readonly IConfigurationSection _section =
        configuration.GetSection($"{TenantOptions.Section}:{nameof(TenantOptions.PerTenant)}");

    /// <inheritdoc />
    public void PostConfigure(string? name, TenantOptions options)
    {
        // The binder ignores errors inside a dictionary, so each tenant is bound again by itself.
        options.PerTenant.Clear();
        foreach (var tenant in _section.GetChildren())
        {
            var own = new TenantOptions();
            foreach (var option in Options)
            {
                option.SetValue(own, option.GetValue(options));
            }

            own.ReadOwn(tenant);
            options.PerTenant[tenant.Key] = own;
        }
    }

    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, TenantOptions options)
    {
        List<string> problems = [.. _section.GetChildren().SelectMany(UnknownIn)];
        foreach (var (tenant, own) in options.PerTenant)
        {
            var results = new List<ValidationResult>();
            Validator.TryValidateObject(own, new ValidationContext(own), results, validateAllProperties: true);
            problems.AddRange(results.Select(result => $"{_section.Path}:{tenant}: {result.ErrorMessage}"));
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> UnknownIn(IConfigurationSection tenant)
    {
        var known = Options.Select(option => option.Name).Order(StringComparer.Ordinal).ToList();
        var unknown = tenant.GetChildren().Where(option =>
            option.GetChildren().Any() || !known.Contains(option.Key, StringComparer.OrdinalIgnoreCase));
        return unknown
            .Select(option => $"{option.Path} is not a setting. {tenant.Path} has: {string.Join(", ", known)}.")
            .Concat(tenant.Value is { Length: > 0 }
                ? [$"{tenant.Path} needs the name of an option, for example {tenant.Path}:{known[0]}."]
                : []);
    }
}
