{{- define "baton-privx.name" -}}
{{- $default := ternary .Release.Name (printf "%s-baton-privx" .Release.Name) (contains "baton-privx" .Release.Name) -}}
{{- .Values.fullnameOverride | default $default | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "baton-privx.labels" -}}
app: {{ include "baton-privx.name" . }}
app.kubernetes.io/name: baton-privx
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "baton-privx.secret" -}}
{{- .Values.existingSecret | default (printf "%s-secrets" (include "baton-privx.name" .)) -}}
{{- end -}}

{{/* The ConfigMap with the CA; empty if PrivX has none of its own. */}}
{{- define "baton-privx.ca" -}}
{{- if .Values.ca.pem -}}{{ include "baton-privx.name" . }}-ca{{- else -}}{{ .Values.ca.configMap }}{{- end -}}
{{- end -}}

{{/* Variables by name: what is empty, 0 or false is left to the connector. */}}
{{- define "baton-privx.settings" -}}
{{- with .Values.config -}}
BATON_AUTH_METHOD: {{ .authMethod | quote }}
BATON_BASE_URL: {{ .baseUrl | quote }}
BATON_EXPAND_REACH: {{ .expandReach | quote }}
BATON_EXPAND_REACH_LIMIT: {{ int .expandReachLimit }}
BATON_GRANT_MAX_HOURS: {{ int .grantMaxHours }}
BATON_HEALTH_CHECK_PORT: {{ int .healthCheckPort }}
BATON_HTTP_TIMEOUT_SECONDS: {{ int .httpTimeoutSeconds }}
BATON_LOG_FORMAT: {{ .logFormat | quote }}
BATON_LOG_LEVEL: {{ .logLevel | quote }}
BATON_OTEL_COLLECTOR_ENDPOINT: {{ .otelCollectorEndpoint | quote }}
BATON_PAGE_SIZE: {{ int .pageSize }}
BATON_ROLE_SUMMARY: {{ .roleSummary }}
BATON_SYNC_API_TARGETS: {{ .syncApiTargets }}
BATON_SYNC_AWS_ROLES: {{ .syncAwsRoles }}
BATON_SYNC_HOSTS: {{ .syncHosts }}
BATON_SYNC_NETWORK_TARGETS: {{ .syncNetworkTargets }}
BATON_SYNC_PERSONAL_SECRETS: {{ .syncPersonalSecrets }}
BATON_SYNC_SECRETS: {{ .syncSecrets }}
BATON_TASK_CONCURRENCY: {{ int .taskConcurrency }}
BATON_WORKERS: {{ int .workers }}
{{- end -}}
{{- end -}}

{{/* The resources of each size, from what docs/running.md and BENCHMARKS.md have of measurements. */}}
{{- define "baton-privx.sizes" -}}
small:
  requests: {cpu: 100m, memory: 256Mi, ephemeral-storage: 1Gi}
  limits: {cpu: "1", memory: 512Mi}
medium:
  requests: {cpu: 100m, memory: 256Mi, ephemeral-storage: 1Gi}
  limits: {cpu: "1", memory: 1Gi}
large:
  requests: {cpu: 200m, memory: 512Mi, ephemeral-storage: 2Gi}
  limits: {cpu: "2", memory: 2Gi}
{{- end -}}

{{- define "baton-privx.resources" -}}
{{- .Values.resources | default (get (include "baton-privx.sizes" . | fromYaml) .Values.size) | toYaml -}}
{{- end -}}

{{/* Two fifths of the memory limit, for each of the two processes, in tens of MiB. */}}
{{- define "baton-privx.gomemlimit" -}}
{{- $limit := (include "baton-privx.resources" . | fromYaml).limits.memory -}}
{{- $mib := mul (regexFind "^[0-9]+" $limit) (ternary 1024 1 (hasSuffix "Gi" $limit)) -}}
{{- printf "%dMiB" (mul (div $mib 25) 10) -}}
{{- end -}}
