data_dir  = "/nomad/data"
bind_addr = "{{ GetInterfaceIP \"eth0\" }}"
server { enabled = false }
client {
  enabled = true
  options = { "driver.raw_exec.enable" = "1" }
}
